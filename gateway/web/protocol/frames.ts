// Frames: how one job's answer travels over HTTP (spec/sealed-job.md section 5). The twin of schemas/frames.py.
//
// A frame is `u8 kind || u32 big-endian payload length || payload`.

import { LikenessError } from "./errors.ts";
import { concat, type Bytes } from "./scalars.ts";
import { FRAMES, SIZES } from "./wire.ts";

export type FrameKind = keyof typeof FRAMES;

/** One frame. */
export interface Frame {
  readonly kind: FrameKind;
  readonly payload: Bytes;
}

/** One sealed chunk of one image. */
export interface ImageChunk {
  readonly image: number;
  readonly chunk: number;
  readonly last: boolean;
  readonly sealed: Bytes;
}

const HEADER_BYTES = 5;
const IMAGE_HEADER_BYTES = 7;
const MAX_PAYLOAD_BYTES = SIZES.sealedChunk + IMAGE_HEADER_BYTES;
const KINDS = new Map((Object.entries(FRAMES) as [FrameKind, number][]).map(([kind, number]) => [number, kind]));

/**
 * The chunk in the payload of an `image` frame: `u16 image || u32 chunk || u8 last || sealed`.
 *
 * @throws result-invalid: wrong length or numbers.
 */
export function decodeChunk(payload: Bytes): ImageChunk {
  if (payload.length !== MAX_PAYLOAD_BYTES) throw new LikenessError("result-invalid");
  const view = new DataView(payload.buffer, payload.byteOffset);
  const [image, chunk, last] = [view.getUint16(0), view.getUint32(2), view.getUint8(6)];
  if (last > 1 || chunk >= SIZES.maxImageChunks) throw new LikenessError("result-invalid");
  return { image, chunk, last: last === 1, sealed: payload.slice(IMAGE_HEADER_BYTES) };
}

/** Cuts a byte stream into frames, whatever the pieces it arrives in. */
export class FrameReader {
  #pending: Bytes[] = [];
  #length = 0;

  /**
   * The frames that `piece` completes.
   *
   * @throws result-invalid: an unknown kind or a payload longer than the longest image chunk.
   */
  feed(piece: Uint8Array): Frame[] {
    // Pieces are joined once a frame can be complete, not each time one arrives: a chunk comes in many.
    this.#pending.push(piece.slice());
    this.#length += piece.length;
    const frames: Frame[] = [];
    for (let frame = this.#next(); frame; frame = this.#next()) frames.push(frame);
    return frames;
  }

  /**
   * Returns when the stream ended between two frames.
   *
   * @throws result-invalid: it ended inside one.
   */
  finish(): void {
    if (this.#length > 0) throw new LikenessError("result-invalid");
  }

  #next(): Frame | null {
    if (this.#length < HEADER_BYTES) return null;
    if ((this.#pending[0]?.length ?? 0) < HEADER_BYTES) this.#join();
    const { kind, end } = readHeader(this.#pending[0] ?? new Uint8Array());
    if (this.#length < end) return null;
    const whole = this.#join();
    this.#pending = [whole.slice(end)];
    this.#length -= end;
    return { kind, payload: whole.slice(HEADER_BYTES, end) };
  }

  #join(): Bytes {
    const whole = concat(...this.#pending);
    this.#pending = [whole];
    return whole;
  }
}

function readHeader(raw: Bytes): { kind: FrameKind; end: number } {
  const view = new DataView(raw.buffer, raw.byteOffset);
  const kind = KINDS.get(view.getUint8(0));
  const length = view.getUint32(1);
  if (kind === undefined || length > MAX_PAYLOAD_BYTES) throw new LikenessError("result-invalid");
  return { kind, end: HEADER_BYTES + length };
}
