import assert from "node:assert/strict";
import { test } from "node:test";

import { apply } from "./affine.ts";
import { combineLooks, DETECT_SIZE, type Face, letterbox, looks, mergeFaces, overlap, readFaces } from "./detect.ts";

const face = (left: number, top: number, side: number, score = 0.9): Face => ({
  score,
  box: { left, top, right: left + side, bottom: top + side },
  eyes: [
    [left + side * 0.3, top + side * 0.4],
    [left + side * 0.7, top + side * 0.4],
  ],
});

test("a letterbox puts the part's centre in the middle and its long side on the edge", () => {
  const fit = letterbox({ left: 100, top: 0, right: 500, bottom: 200 });
  assert.deepEqual(apply(fit, [300, 100]), [DETECT_SIZE / 2, DETECT_SIZE / 2]);
  assert.equal(apply(fit, [500, 100])[0], DETECT_SIZE);
});

test("the looks cover the photo, and a face on a seam is whole in one of them", () => {
  const [whole, ...quarters] = looks(1000, 500);
  assert.deepEqual(whole, { left: 0, top: 0, right: 1000, bottom: 500 });
  assert.equal(quarters.length, 4);
  const seam = { left: 420, top: 100, right: 580, bottom: 250 };
  assert.ok(quarters.some((q) => q.left <= seam.left && q.right >= seam.right && q.bottom >= seam.bottom));
});

test("the net's numbers become a box in the photo", () => {
  const [regressors, scores] = [new Float32Array(896 * 16), new Float32Array(896).fill(-20)];
  const cell = (8 * 16 + 8) * 2; // 16 x 16 grid, cell (8, 8): its centre is at 68 of 128 pixels
  scores[cell] = 4;
  regressors.set([0, 0, 32, 16, -8, -4, 8, -4], cell * 16);
  const [found, ...others] = readFaces(regressors, scores, letterbox({ left: 0, top: 0, right: 256, bottom: 256 }));
  assert.equal(others.length, 0);
  assert.deepEqual(found?.box, { left: 104, top: 120, right: 168, bottom: 152 });
  assert.deepEqual(found?.eyes, [
    [120, 128],
    [152, 128],
  ]);
});

test("overlapping candidates become one face, weighted by score", () => {
  const [merged, ...others] = mergeFaces([face(0, 0, 100, 0.9), face(10, 0, 100, 0.3)]);
  assert.equal(others.length, 0);
  assert.ok(Math.abs((merged?.box.left ?? 0) - 2.5) < 1e-9);
  assert.equal(merged?.score, 0.9);
});

test("two people stay two, a part of a face is none", () => {
  assert.equal(mergeFaces([face(0, 0, 100), face(300, 0, 100)]).length, 2);
  assert.equal(combineLooks([face(0, 0, 100)], [face(30, 30, 40)]).length, 1);
  assert.equal(combineLooks([face(0, 0, 100)], [face(200, 0, 30)]).length, 2);
});

test("a box without area ends the merging too", () => {
  assert.equal(mergeFaces([face(5, 5, 0), face(50, 50, 0)]).length, 2);
  assert.equal(overlap(face(5, 5, 0).box, face(5, 5, 0).box), 0);
});
