// From the bytes of a file to pixels the right way up.

import { LikenessError } from "../protocol/errors.ts";
import { sniff } from "./sniff.ts";

/** Larger files are refused before anything is read of them. */
export const MAX_FILE_BYTES = 30_000_000;
const MAX_PIXELS = 100_000_000;
const MIN_SIDE_PIXELS = 200;

/**
 * The photo as a bitmap. The browser's decoder turns it as EXIF says; nothing else of EXIF is ever read.
 *
 * @throws photo-type, photo-heic, photo-animated, photo-corrupt, photo-too-large, photo-too-small.
 */
export async function decodePhoto(photo: Blob | ImageBitmap): Promise<ImageBitmap> {
  if (!(photo instanceof Blob)) {
    checkSize(photo);
    return photo;
  }
  if (photo.size > MAX_FILE_BYTES) throw new LikenessError("photo-too-large");
  const bytes = await photo.arrayBuffer().catch(refuseCorrupt); // gone from the disk, or not readable
  const facts = sniff(new Uint8Array(bytes));
  checkSize(facts); // from the header, so that a small file cannot unfold into gigabytes
  const whole = new Blob([bytes], { type: facts.type });
  const bitmap = await createImageBitmap(whole, { imageOrientation: "from-image" }).catch(refuseCorrupt);
  checkSize(bitmap);
  return bitmap;
}

function refuseCorrupt(): never {
  throw new LikenessError("photo-corrupt");
}

/** @throws photo-corrupt, photo-too-large, photo-too-small. */
export function checkSize({ width, height }: { width: number; height: number }): void {
  if (width === 0 || height === 0) throw new LikenessError("photo-corrupt");
  if (width * height > MAX_PIXELS) throw new LikenessError("photo-too-large");
  if (Math.min(width, height) < MIN_SIDE_PIXELS) throw new LikenessError("photo-too-small");
}
