import assert from "node:assert/strict";
import { test } from "node:test";

import { type Affine, apply, invert, type Point, similarity } from "./affine.ts";

const close = (a: Point, b: Point): void => {
  assert.ok(Math.hypot(a[0] - b[0], a[1] - b[1]) < 1e-9, `${a} is not ${b}`);
};

test("a similarity is found again from the points it moved", () => {
  const [angle, scale] = [0.7, 1.9];
  const [c, s] = [scale * Math.cos(angle), scale * Math.sin(angle)];
  const truth: Affine = [c, s, -s, c, 31, -8];
  const from: Point[] = [
    [0, 0],
    [10, 2],
    [3, 9],
    [-4, 5],
    [6, -7],
  ];
  const found = similarity(
    from,
    from.map((p) => apply(truth, p)),
  );
  found.forEach((value, i) => assert.ok(Math.abs(value - (truth[i] as number)) < 1e-9));
});

test("mirrored points give no reflection", () => {
  const from: Point[] = [
    [0, 0],
    [4, 0],
    [0, 3],
  ];
  const [a, b, c, d] = similarity(
    from,
    from.map(([x, y]): Point => [-x, y]),
  );
  assert.ok(a * d - b * c > 0);
});

test("the inverse brings every point back", () => {
  const m: Affine = [1.5, 0.3, -0.4, 0.8, 12, -3];
  for (const point of [
    [0, 0],
    [100, -50],
    [3.5, 7.25],
  ] as Point[])
    close(apply(invert(m), apply(m, point)), point);
});
