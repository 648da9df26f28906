// The 468-point face mesh: where its crop lies, and its points back in the photo. Pure.

import { type Affine, apply, invert, type Point } from "./affine.ts";
import type { Face } from "./detect.ts";

export const MESH_SIZE = 192;
export const MESH_POINTS = 468;
/** The crop's side over the long side of the detector's box. */
const ROOM = 1.5;

/** Corners and extremes that the gates and the alignment need, by their numbers in the mesh. */
export const LANDMARKS = {
  outerEyeLeftOfPicture: 33,
  outerEyeRightOfPicture: 263,
  innerEyeLeftOfPicture: 133,
  innerEyeRightOfPicture: 362,
  underNose: 2,
  forehead: 10,
  chin: 152,
} as const;

export interface Point3 {
  readonly x: number;
  readonly y: number;
  /** Depth in the same pixels, towards the viewer negative. */
  readonly z: number;
}

/** Photo to mesh crop: a square around the face, turned so that the eyes are level. */
export function meshCrop({ box, eyes: [left, right] }: Face): Affine {
  const angle = Math.atan2(right[1] - left[1], right[0] - left[0]);
  const scale = MESH_SIZE / (Math.max(box.right - box.left, box.bottom - box.top) * ROOM);
  const [c, s] = [scale * Math.cos(angle), scale * Math.sin(angle)];
  const [x, y] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
  return [c, -s, s, c, MESH_SIZE / 2 - (c * x + s * y), MESH_SIZE / 2 - (c * y - s * x)];
}

/** Mesh points (468, 3) in crop pixels as points of the photo. */
export function meshInPhoto(points: Float32Array, crop: Affine): Point3[] {
  const back = invert(crop);
  const scale = Math.hypot(back[0], back[1]);
  return Array.from({ length: MESH_POINTS }, (_, i) => {
    const [x, y] = apply(back, [points[3 * i] as number, points[3 * i + 1] as number]);
    return { x, y, z: (points[3 * i + 2] as number) * scale };
  });
}

export function landmark(mesh: readonly Point3[], name: keyof typeof LANDMARKS): Point3 {
  return mesh[LANDMARKS[name]] as Point3;
}

export function flat({ x, y }: Point3): Point {
  return [x, y];
}
