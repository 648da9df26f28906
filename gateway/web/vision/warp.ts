// The one place where pixels are moved.

import type { Affine } from "./affine.ts";

/** `size` x `size` pixels of `photo` under `m` (photo to crop), black where the photo does not reach. */
export function warp(photo: ImageBitmap, size: number, m: Affine): ImageData {
  const canvas = new OffscreenCanvas(size, size);
  const context = canvas.getContext("2d", {
    willReadFrequently: true,
    alpha: false,
  }) as OffscreenCanvasRenderingContext2D;
  context.imageSmoothingQuality = "high";
  context.setTransform(...m);
  context.drawImage(photo, 0, 0);
  return context.getImageData(0, 0, size, size);
}
