import assert from "node:assert/strict";
import { test } from "node:test";

import { LANDMARKS, MESH_POINTS, type Point3 } from "./mesh.ts";
import { checkChip, checkMesh, onlyFace, pose } from "./quality.ts";

const PHOTO = { width: 400, height: 400 };

/** A mesh whose points all lie at the middle of the photo, but for the four that the gates read. */
function mesh({ eyes = 100, yaw = 0, shift = 0 } = {}): Point3[] {
  const points = Array.from({ length: MESH_POINTS }, (): Point3 => ({ x: 200 + shift, y: 200, z: 0 }));
  const turn = (yaw * Math.PI) / 180;
  const [x, z] = [(eyes / 2) * Math.cos(turn), (eyes / 2) * Math.sin(turn)];
  points[LANDMARKS.outerEyeLeftOfPicture] = { x: 200 + shift - x, y: 180, z: -z };
  points[LANDMARKS.outerEyeRightOfPicture] = { x: 200 + shift + x, y: 180, z };
  points[LANDMARKS.forehead] = { x: 200 + shift, y: 120, z: 0 };
  points[LANDMARKS.chin] = { x: 200 + shift, y: 280, z: 0 };
  return points;
}

function chip(luma: (x: number, y: number) => number, side = 64): ImageData {
  const data = new Uint8ClampedArray(side * side * 4);
  for (let i = 0; i < side * side; i++) data.fill(luma(i % side, Math.floor(i / side)), 4 * i, 4 * i + 4);
  return { data, width: side, height: side, colorSpace: "srgb" } as ImageData;
}

test("exactly one face", () => {
  const face = {
    score: 1,
    box: { left: 0, top: 0, right: 1, bottom: 1 },
    eyes: [
      [0, 0],
      [1, 0],
    ],
  } as const;
  assert.equal(onlyFace([face]), face);
  assert.throws(() => onlyFace([]), { code: "no-face" });
  assert.throws(() => onlyFace([face, face]), { code: "many-faces" });
});

test("the mesh gates say what is wrong", () => {
  assert.deepEqual(
    checkMesh(mesh(), PHOTO).map(({ name }) => name),
    ["size", "whole", "pose"],
  );
  assert.throws(() => checkMesh(mesh({ eyes: 30 }), PHOTO), { code: "face-too-small" });
  assert.throws(() => checkMesh(mesh({ shift: 220 }), PHOTO), { code: "face-cut-off" });
  assert.throws(() => checkMesh(mesh({ yaw: 50 }), PHOTO), { code: "face-turned" });
});

test("the turn is measured in degrees", () => {
  assert.ok(Math.abs(pose(mesh({ yaw: 20 })).yaw - 20) < 1e-9);
});

test("light and sharpness are gates on the chip", () => {
  const busy = chip((x, y) => 120 + 60 * Math.sin(x) * Math.cos(y));
  assert.deepEqual(
    checkChip(busy).map(({ name }) => name),
    ["light", "sharpness"],
  );
  assert.throws(() => checkChip(chip(() => 12)), { code: "face-dark" });
  assert.throws(() => checkChip(chip(() => 250)), { code: "face-dark" });
  assert.throws(() => checkChip(chip((x) => 80 + x)), { code: "face-blurred" });
});
