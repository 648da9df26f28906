// The gates before any identity vector exists: one face, large enough, whole, facing the camera, sharp, well lit. Pure.
//
// They protect honest people from a bad portrait; a changed page could leave them out. The thresholds were set by eye
// on few public-domain photos and are not calibrated.

import { LikenessError } from "../protocol/errors.ts";
import type { Face } from "./detect.ts";
import { landmark, type Point3 } from "./mesh.ts";
import type { PassedCheck } from "./messages.ts";

/** Pixels between the outer eye corners; the embedder's chip has about 74 of them. */
const MIN_EYE_PIXELS = 40;
/** Share of mesh points that may lie outside the photo. */
const MAX_OUTSIDE = 0.02;
const MAX_TURN_DEGREES = 32;
const MAX_TILT_DEGREES = 45;
/** Mean luma of the face, 0 to 255. */
const LIGHT_RANGE = [45, 225] as const;
/** Share of face pixels that are black or white altogether. */
const MAX_CLIPPED = 0.35;
/** Energy of the Laplacian over the variance of luma, both on the chip. */
const MIN_SHARPNESS = 0.003;
const DEGREES = 180 / Math.PI;

/** The face, when there is exactly one. @throws no-face, many-faces. */
export function onlyFace(faces: readonly Face[]): Face {
  const [face, ...others] = faces;
  if (!face) throw new LikenessError("no-face");
  if (others.length > 0) throw new LikenessError("many-faces");
  return face;
}

/**
 * Checks that the mesh passed, in the order a person would fix them.
 *
 * @throws face-too-small, face-cut-off, face-turned.
 */
export function checkMesh(mesh: readonly Point3[], photo: { width: number; height: number }): PassedCheck[] {
  const eyes = eyePixels(mesh);
  if (eyes < MIN_EYE_PIXELS) throw new LikenessError("face-too-small");
  if (shareOutside(mesh, photo) > MAX_OUTSIDE) throw new LikenessError("face-cut-off");
  const { yaw, pitch, roll } = pose(mesh);
  const turn = Math.max(Math.abs(yaw), Math.abs(pitch));
  if (turn > MAX_TURN_DEGREES || Math.abs(roll) > MAX_TILT_DEGREES) throw new LikenessError("face-turned");
  return [{ name: "size", figure: Math.round(eyes) }, { name: "whole" }, { name: "pose", figure: Math.round(turn) }];
}

/** Checks that the aligned chip passed. @throws face-dark, face-blurred. */
export function checkChip(chip: ImageData): PassedCheck[] {
  const luma = lumaOf(chip);
  const { mean, variance, clipped } = spread(luma);
  if (mean < LIGHT_RANGE[0] || mean > LIGHT_RANGE[1] || clipped > MAX_CLIPPED) throw new LikenessError("face-dark");
  const sharpness = laplacianEnergy(luma, chip.width) / Math.max(variance, 1);
  if (sharpness < MIN_SHARPNESS) throw new LikenessError("face-blurred");
  return [
    { name: "light", figure: Math.round((mean / 255) * 100) },
    { name: "sharpness", figure: Math.min(100, Math.round((sharpness / MIN_SHARPNESS) * 10)) },
  ];
}

export function eyePixels(mesh: readonly Point3[]): number {
  const [a, b] = [landmark(mesh, "outerEyeLeftOfPicture"), landmark(mesh, "outerEyeRightOfPicture")];
  return Math.hypot(b.x - a.x, b.y - a.y);
}

/** Degrees away from the camera: to a side, up or down, and the tilt of the eye line. */
export function pose(mesh: readonly Point3[]): { yaw: number; pitch: number; roll: number } {
  const [left, right] = [landmark(mesh, "outerEyeLeftOfPicture"), landmark(mesh, "outerEyeRightOfPicture")];
  const [top, bottom] = [landmark(mesh, "forehead"), landmark(mesh, "chin")];
  return {
    yaw: Math.atan2(right.z - left.z, Math.hypot(right.x - left.x, right.y - left.y)) * DEGREES,
    pitch: Math.atan2(bottom.z - top.z, Math.hypot(bottom.x - top.x, bottom.y - top.y)) * DEGREES,
    roll: Math.atan2(right.y - left.y, right.x - left.x) * DEGREES,
  };
}

function shareOutside(mesh: readonly Point3[], { width, height }: { width: number; height: number }): number {
  return mesh.filter(({ x, y }) => x < 0 || y < 0 || x > width || y > height).length / mesh.length;
}

/** Rec. 601 luma, 0 to 255. */
function lumaOf({ data, width, height }: ImageData): Float32Array {
  const at = (i: number): number => data[i] as number;
  return Float32Array.from({ length: width * height }, (_, i) => {
    return 0.299 * at(4 * i) + 0.587 * at(4 * i + 1) + 0.114 * at(4 * i + 2);
  });
}

function spread(luma: Float32Array): { mean: number; variance: number; clipped: number } {
  let [sum, squares, clipped] = [0, 0, 0];
  for (const value of luma) {
    sum += value;
    squares += value * value;
    if (value < 8 || value > 247) clipped += 1;
  }
  const mean = sum / luma.length;
  return { mean, variance: squares / luma.length - mean * mean, clipped: clipped / luma.length };
}

/** Mean square of the four-neighbour Laplacian over the inside of a square image. */
function laplacianEnergy(luma: Float32Array, side: number): number {
  const at = (i: number): number => luma[i] as number;
  let energy = 0;
  for (let y = 1; y < side - 1; y++) {
    for (let x = 1; x < side - 1; x++) {
      const i = y * side + x;
      energy += (4 * at(i) - at(i - 1) - at(i + 1) - at(i - side) - at(i + side)) ** 2;
    }
  }
  return energy / (side - 2) ** 2;
}
