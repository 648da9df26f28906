// What a file is, told from its first bytes and its frame of chunks, before any decoder sees it. Pure.
//
// Only type, width, height, animation and completeness are read. EXIF and all other metadata are stepped over.

import { LikenessError } from "../protocol/errors.ts";

export interface PhotoFacts {
  readonly type: "image/jpeg" | "image/png" | "image/webp";
  /** Pixels as stored, before any rotation. */
  readonly width: number;
  readonly height: number;
}

/** Brands of ISO base media files (ISO/IEC 23008-12) that are photos: HEIC and its kin, AVIF. */
const STILL_BRANDS = new Set(["heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1", "avif", "avis"]);

/**
 * The facts of `bytes`.
 *
 * @throws photo-type, photo-heic, photo-animated, or photo-corrupt when the file ends early or contradicts itself.
 */
export function sniff(bytes: Uint8Array): PhotoFacts {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12) throw new LikenessError("photo-type");
  try {
    if (view.getUint16(0) === 0xffd8) return sniffJpeg(view);
    if (view.getUint32(0) === 0x89504e47 && view.getUint32(4) === 0x0d0a1a0a) return sniffPng(view);
    if (tag(view, 0) === "RIFF" && tag(view, 8) === "WEBP") return sniffWebp(view);
  } catch (error) {
    // A DataView refuses to read past its end: the file is shorter than it says.
    throw error instanceof RangeError ? new LikenessError("photo-corrupt") : error;
  }
  if (tag(view, 0) === "GIF8") throw new LikenessError("photo-animated");
  if (tag(view, 4) === "ftyp" && STILL_BRANDS.has(tag(view, 8))) throw new LikenessError("photo-heic");
  throw new LikenessError("photo-type");
}

/** ITU-T T.81 annex B: segments up to the first scan, then an end marker somewhere after it. */
function sniffJpeg(view: DataView): PhotoFacts {
  let size: { width: number; height: number } | undefined;
  for (let at = 2; ;) {
    if (view.getUint8(at) !== 0xff) throw new LikenessError("photo-corrupt");
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (isFrameHeader(marker)) size = { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    if (marker === 0xda) {
      if (!size || !hasEndMarker(view, at)) throw new LikenessError("photo-corrupt");
      return { type: "image/jpeg", ...size };
    }
    const length = view.getUint16(at + 2);
    if (length < 2) throw new LikenessError("photo-corrupt");
    at += 2 + length;
  }
}

/** SOF0 to SOF15 without DHT, JPG and DAC, which share their range. */
function isFrameHeader(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

function hasEndMarker(view: DataView, from: number): boolean {
  // Backwards, because the marker nearly always stands at the end; cameras may append more after it.
  for (let at = view.byteLength - 2; at > from; at--) {
    if (view.getUint8(at) === 0xff && view.getUint8(at + 1) === 0xd9) return true;
  }
  return false;
}

/** PNG third edition, sections 5 and 11; an `acTL` chunk makes it an animation. */
function sniffPng(view: DataView): PhotoFacts {
  if (tag(view, 12) !== "IHDR") throw new LikenessError("photo-corrupt");
  const size = { width: view.getUint32(16), height: view.getUint32(20) };
  for (let at = 8; ; at += 12 + view.getUint32(at)) {
    const name = tag(view, at + 4);
    if (name === "acTL") throw new LikenessError("photo-animated");
    if (name === "IEND") return { type: "image/png", ...size };
  }
}

/** RFC 9649 section 2: the first chunk is VP8, VP8L or VP8X; VP8X says whether it moves. */
function sniffWebp(view: DataView): PhotoFacts {
  if (view.getUint32(4, true) + 8 > view.byteLength) throw new LikenessError("photo-corrupt");
  const kind = tag(view, 12);
  if (kind === "VP8X") {
    if (view.getUint8(20) & 0x02) throw new LikenessError("photo-animated");
    return { type: "image/webp", width: 1 + u24(view, 24), height: 1 + u24(view, 27) };
  }
  if (kind === "VP8L" && view.getUint8(20) === 0x2f) {
    const bits = view.getUint32(21, true);
    return { type: "image/webp", width: 1 + (bits & 0x3fff), height: 1 + ((bits >> 14) & 0x3fff) };
  }
  if (kind === "VP8 " && u24(view, 23) === 0x2a019d) {
    const [width, height] = [view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff];
    return { type: "image/webp", width, height };
  }
  throw new LikenessError("photo-corrupt");
}

function u24(view: DataView, at: number): number {
  return view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
}

function tag(view: DataView, at: number): string {
  return String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));
}
