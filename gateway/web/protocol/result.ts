// What comes back: sealed chunks, strictly in order, opened one by one (spec/sealed-job.md 4.2 and 5).

import { LikenessError } from "./errors.ts";
import type { ImageChunk } from "./frames.ts";
import { concat, digest, type Bytes } from "./scalars.ts";
import { openImage } from "./sealing.ts";

/** Collects one job's images. */
export class ResultReader {
  readonly #key: CryptoKey;
  readonly #images: number;
  #sealed: Bytes[] = [];
  #image = 0;
  /** Where in #sealed the image that is arriving begins. */
  #start = 0;

  /** `key` is the reply key of the disclosure, `images` how many were asked for. */
  constructor(key: CryptoKey, images: number) {
    this.#key = key;
    this.#images = images;
  }

  /** How many images are complete. */
  get complete(): number {
    return this.#image;
  }

  /**
   * The image that `next` completes (an encoded file), or null while more of it must come.
   *
   * @throws result-invalid: not the next chunk, altered, or an image more than was asked for.
   */
  async take(next: ImageChunk): Promise<Bytes | null> {
    const isNext = next.image === this.#image && next.chunk === this.#sealed.length - this.#start;
    if (!isNext || this.#image >= this.#images) throw new LikenessError("result-invalid");
    this.#sealed.push(next.sealed);
    if (!next.last) return null;
    const image = await openImage(this.#sealed.slice(this.#start), this.#key, this.#image);
    this.#image += 1;
    this.#start = this.#sealed.length;
    return image;
  }

  /** What the receipt must say of the result: SHA-256 over all sealed chunks in the order they came, null for none. */
  async digest(): Promise<string | null> {
    return this.#sealed.length === 0 ? null : digest(concat(...this.#sealed));
  }
}
