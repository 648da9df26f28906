// One job from asking to receipt, as a sequence of happenings. Knows no DOM; network and clock are arguments.
//
// The order is the promise: offer, then roster and claim, all checked, then the disclosure, and only then images and a
// receipt. A frame out of order ends the job.

import { decode } from "../protocol/canonical.ts";
import { checkReceipt } from "../protocol/erasure.ts";
import type { RecordBytes } from "../protocol/embedding.ts";
import { fromPeer, LikenessError } from "../protocol/errors.ts";
import { decodeChunk, FrameReader, type Frame } from "../protocol/frames.ts";
import { freshBytes, freshId, freshSeed } from "../protocol/fresh.ts";
import { disclose, openOffer, packJob, type Disclosed, type DisclosureBytes, type JobBytes } from "../protocol/job.ts";
import { checkReceiptFile, packReceiptFile, readReceiptFile } from "../protocol/receipt_file.ts";
import { ResultReader } from "../protocol/result.ts";
import type { Bytes } from "../protocol/scalars.ts";
import type { ErasureReceipt, Jwk, Progress, Waiting } from "../protocol/wire.ts";
import { checkClaim, type CheckedClaim } from "../protocol/worker_key.ts";
import type { Agreement } from "./session.ts";

const SECRET_BYTES = 32;

/** What a job needs of the world: two calls and the time. */
export interface JobWorld {
  openJob(body: JobBytes, signal: AbortSignal): AsyncIterable<Uint8Array>;
  postDisclosure(offerId: string, body: DisclosureBytes, signal: AbortSignal): Promise<void>;
  /** Whole unix seconds. */
  now(): number;
}

export interface Order {
  readonly agreement: Agreement;
  readonly gateway: Jwk;
  readonly record: RecordBytes;
  readonly style: string;
  readonly images: number;
}

export type Happening =
  | { readonly is: "waiting"; readonly waiting: Waiting }
  /** A worker's claim was checked; nothing is sealed yet. */
  | { readonly is: "claimed"; readonly checked: CheckedClaim }
  /** From here on the record must be taken to have left the device. */
  | { readonly is: "disclosing" }
  | { readonly is: "progress"; readonly progress: Progress }
  | { readonly is: "image"; readonly png: Bytes }
  | { readonly is: "receipt"; readonly receipt: ErasureReceipt; readonly file: Bytes };

/**
 * Runs `order`; ends when the gateway ended the stream after a receipt.
 *
 * @throws whatever the gateway or the worker named, or this side found wrong with what they said.
 */
export async function* draw(order: Order, world: JobWorld, signal: AbortSignal): AsyncGenerator<Happening, void> {
  const { agreement, images } = order;
  const ask = { token: agreement.tokenJws, nonce: freshId(), images, issued_at: world.now() };
  const job = new Job(order, world, signal);
  const reader = new FrameReader();
  for await (const piece of world.openJob(await packJob(agreement.signer, ask), signal)) {
    for (const frame of reader.feed(piece)) {
      if (frame.kind === "end") return job.close();
      yield* job.take(frame);
    }
  }
  signal.throwIfAborted();
  reader.finish();
  throw job.problem ?? new LikenessError("gateway-unreachable", "the answer ended too early");
}

/** What has been said so far, and what may come next. */
class Job {
  readonly #order: Order;
  readonly #world: JobWorld;
  readonly #signal: AbortSignal;
  #offer: Bytes | undefined;
  #roster: string | undefined;
  #claim: string | undefined;
  #checked: CheckedClaim | undefined;
  #disclosed: Disclosed | undefined;
  #result: ResultReader | undefined;
  #isReceipted = false;
  /** What the gateway or the worker named as the reason for an end. */
  problem: LikenessError | undefined;

  constructor(order: Order, world: JobWorld, signal: AbortSignal) {
    this.#order = order;
    this.#world = world;
    this.#signal = signal;
  }

  async *take({ kind, payload }: Frame): AsyncGenerator<Happening> {
    switch (kind) {
      case "waiting":
        yield { is: "waiting", waiting: decode("Waiting", payload) };
        return;
      case "offer":
        return this.#takeOffer(payload);
      case "roster":
        this.#roster = text(payload);
        return;
      case "claim":
        yield* this.#takeClaim(text(payload));
        return;
      case "progress":
        if (!this.#disclosed) throw new LikenessError("out-of-order");
        yield { is: "progress", progress: decode("Progress", payload) };
        return;
      case "image":
        yield* this.#takeChunk(payload);
        return;
      case "receipt":
        yield await this.#takeReceipt(text(payload));
        return;
      case "problem":
        this.problem = fromPeer(decode("Problem", payload)); // a receipt may still follow
    }
  }

  /** Returns when the job ended well. @throws what went wrong. */
  close(): void {
    if (this.problem) throw this.problem;
    const isWhole = this.#isReceipted && this.#result?.complete === this.#order.images;
    if (!isWhole) throw new LikenessError("result-invalid", "the job ended without all images and a receipt");
  }

  async #takeOffer(raw: Bytes): Promise<void> {
    if (this.#offer) throw new LikenessError("out-of-order");
    const { agreement, images } = this.#order;
    await openOffer(raw, { token: agreement.token, tokenJws: agreement.tokenJws, images, now: this.#world.now() });
    this.#offer = raw;
  }

  async *#takeClaim(claim: string): AsyncGenerator<Happening> {
    if (!this.#offer || !this.#roster || this.#disclosed) throw new LikenessError("out-of-order");
    const { gateway } = this.#order;
    const said = { offer: this.#offer, roster: this.#roster, claim, gateway, now: this.#world.now() };
    const checked = await checkClaim(said);
    this.#claim = claim;
    this.#checked = checked;
    yield { is: "claimed", checked };
    yield* this.#disclose(checked);
  }

  async *#disclose(checked: CheckedClaim): AsyncGenerator<Happening> {
    const { agreement, record, style, images } = this.#order;
    this.#disclosed = await disclose(agreement.signer, checked, {
      tokenJws: agreement.tokenJws,
      grantJws: agreement.grant,
      n: agreement.disclosures + 1,
      images,
      record,
      style,
      seed: freshSeed(),
      responseSecret: freshBytes(SECRET_BYTES),
      issued_at: this.#world.now(),
    });
    this.#result = new ResultReader(this.#disclosed.replyKey, images);
    yield { is: "disclosing" };
    await this.#world.postDisclosure(checked.offer.offer_id, this.#disclosed.body, this.#signal);
  }

  async *#takeChunk(payload: Bytes): AsyncGenerator<Happening> {
    if (!this.#result) throw new LikenessError("out-of-order");
    const png = await this.#result.take(decodeChunk(payload));
    if (png) yield { is: "image", png };
  }

  async #takeReceipt(receipt: string): Promise<Happening> {
    const [checked, disclosed] = [this.#checked, this.#disclosed];
    if (!this.#offer || !this.#roster || !this.#claim || !checked || !disclosed)
      throw new LikenessError("out-of-order");
    const { worker, offerHash: offer, claimHash: claim } = checked;
    const statement = await checkReceipt(receipt, {
      worker,
      offer,
      claim,
      result: (await this.#result?.digest()) ?? null,
    });
    this.#isReceipted = true;
    const { agreement, gateway } = this.#order;
    const file = packReceiptFile({
      gateway_key: gateway,
      grant: agreement.grant,
      token: agreement.tokenJws,
      offer: text(this.#offer),
      roster: this.#roster,
      claim: this.#claim,
      disclosure: disclosed.disclosure,
      receipt,
    });
    await checkReceiptFile(readReceiptFile(file)); // what the person keeps has passed the check that others will make
    return { is: "receipt", receipt: statement, file };
  }
}

function text(payload: Bytes): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(payload);
}
