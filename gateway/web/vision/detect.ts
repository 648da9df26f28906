// Faces in a photo: BlazeFace short range (128 x 128 letterbox, 896 anchors), boxes merged by weighted averaging. Pure.
//
// The net misses faces below about a sixth of its square, so that it also looks at four overlapping quarters: a small
// second face must be seen too.

import { type Affine, apply, invert, type Point } from "./affine.ts";

export const DETECT_SIZE = 128;
const ANCHOR_COUNT = 896;
const NUMBERS_PER_ANCHOR = 16;
const MIN_SCORE = 0.5;
/** Boxes that overlap by more than this (intersection over union) are one face. */
const SAME_FACE_OVERLAP = 0.3;

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface Face {
  readonly score: number;
  readonly box: Box;
  /** The two eyes, the one on the left of the picture first. */
  readonly eyes: readonly [Point, Point];
}

/** Side of a quarter over the side of the photo; above a half, so that a face on the seam is whole in one of them. */
const QUARTER = 0.6;

/** Where the detector looks: the whole photo first, then its quarters. */
export function looks(width: number, height: number): Box[] {
  const [w, h] = [width * QUARTER, height * QUARTER];
  const quarters = [0, height - h].flatMap((top) =>
    [0, width - w].map((left) => ({ left, top, right: left + w, bottom: top + h })),
  );
  return [{ left: 0, top: 0, right: width, bottom: height }, ...quarters];
}

/** The transform that fits a part of a photo into the detector's square, centred, keeping its proportions. */
export function letterbox({ left, top, right, bottom }: Box): Affine {
  const scale = DETECT_SIZE / Math.max(right - left, bottom - top);
  const [x, y] = [(left + right) / 2, (top + bottom) / 2];
  return [scale, 0, 0, scale, DETECT_SIZE / 2 - x * scale, DETECT_SIZE / 2 - y * scale];
}

/**
 * Candidates in photo coordinates. `regressors` is (896, 16): box centre, box size and six key points relative to
 * the anchor, in detector pixels; `scores` is (896), logits; `fit` is photo to detector.
 */
export function readFaces(regressors: Float32Array, scores: Float32Array, fit: Affine): Face[] {
  const back = invert(fit);
  const anchors = anchorCentres();
  const found: Face[] = [];
  for (let i = 0; i < ANCHOR_COUNT; i++) {
    const score = sigmoid(scores[i] as number);
    if (score <= MIN_SCORE) continue;
    const [ax, ay] = anchors[i] as Point;
    const n = (k: number): number => regressors[i * NUMBERS_PER_ANCHOR + k] as number;
    const at = (x: number, y: number): Point => apply(back, [x + ax, y + ay]);
    const [left, top] = at(n(0) - n(2) / 2, n(1) - n(3) / 2);
    const [right, bottom] = at(n(0) + n(2) / 2, n(1) + n(3) / 2);
    found.push({ score, box: { left, top, right, bottom }, eyes: [at(n(4), n(5)), at(n(6), n(7))] });
  }
  return found;
}

/** The faces of all looks, best first; `whole` are those of the whole photo, which sees large faces better. */
export function combineLooks(whole: readonly Face[], quarters: readonly Face[]): Face[] {
  const faces = mergeFaces(whole);
  for (const face of mergeFaces(quarters)) {
    if (!faces.some((known) => sameFace(known, face))) faces.push(face);
  }
  return faces;
}

/** Part of a face is no second face: a candidate whose centre lies inside another is that one. */
function sameFace(a: Face, b: Face): boolean {
  return overlap(a.box, b.box) > SAME_FACE_OVERLAP || inside(centre(a.box), b.box) || inside(centre(b.box), a.box);
}

function centre(box: Box): Point {
  return [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
}

function inside([x, y]: Point, box: Box): boolean {
  return x >= box.left && x <= box.right && y >= box.top && y <= box.bottom;
}

/** One face for each cluster of overlapping candidates, their mean weighted by score, best first. */
export function mergeFaces(candidates: readonly Face[]): Face[] {
  let left = [...candidates].sort((a, b) => b.score - a.score);
  const faces: Face[] = [];
  for (let best = left[0]; best; best = left[0]) {
    const same: Face[] = [];
    const others: Face[] = [];
    for (const face of left) (sameFace(best, face) ? same : others).push(face);
    faces.push(
      average(
        same.filter((face) => overlap(best.box, face.box) > SAME_FACE_OVERLAP),
        best,
      ),
    );
    left = others.filter((face) => face !== best); // a box without area overlaps nothing, not even itself
  }
  return faces;
}

function average(faces: readonly Face[], best: Face): Face {
  const weight = faces.reduce((sum, face) => sum + face.score, 0);
  if (weight === 0) return best;
  const mean = (read: (face: Face) => number): number =>
    faces.reduce((sum, face) => sum + face.score * read(face), 0) / weight;
  const eye = (k: 0 | 1): Point => [mean((face) => face.eyes[k][0]), mean((face) => face.eyes[k][1])];
  return {
    score: best.score,
    box: {
      left: mean((face) => face.box.left),
      top: mean((face) => face.box.top),
      right: mean((face) => face.box.right),
      bottom: mean((face) => face.box.bottom),
    },
    eyes: [eye(0), eye(1)],
  };
}

/** Intersection over union. */
export function overlap(a: Box, b: Box): number {
  const width = Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left));
  const height = Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));
  const shared = width * height;
  const union = area(a) + area(b) - shared;
  return union > 0 ? shared / union : 0;
}

function area(box: Box): number {
  return Math.max(0, box.right - box.left) * Math.max(0, box.bottom - box.top);
}

function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}

let centres: readonly Point[] | undefined;

/** Anchor centres in detector pixels: 16 x 16 cells with two anchors, then 8 x 8 with six. */
function anchorCentres(): readonly Point[] {
  centres ??= [
    { cells: 16, anchors: 2 },
    { cells: 8, anchors: 6 },
  ].flatMap(({ cells, anchors }) =>
    Array.from({ length: cells * cells * anchors }, (_, i): Point => {
      const cell = Math.floor(i / anchors);
      const pixels = DETECT_SIZE / cells;
      return [((cell % cells) + 0.5) * pixels, (Math.floor(cell / cells) + 0.5) * pixels];
    }),
  );
  return centres;
}
