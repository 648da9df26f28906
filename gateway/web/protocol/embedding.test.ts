import assert from "node:assert/strict";
import { test } from "node:test";

import { refusal } from "../testing/refusal.ts";
import { exampleRecord } from "../testing/world.ts";
import {
  attributesFrom,
  decodeRecord,
  encodeRecord,
  partsOf,
  quantise,
  requireParts,
  type LikenessRecord,
} from "./embedding.ts";
import { freshBytes } from "./fresh.ts";
import { ATTRIBUTES } from "./wire.ts";

const FULL = exampleRecord();
const NOTHING: LikenessRecord = { geometry: null, look: null, embedding: null };

test("a record of any parts comes back as it was", () => {
  for (let bits = 1; bits < 8; bits++) {
    const record: LikenessRecord = {
      geometry: bits & 1 ? FULL.geometry : null,
      look: bits & 2 ? FULL.look : null,
      embedding: bits & 4 ? FULL.embedding : null,
    };
    const raw = encodeRecord(record);
    assert.ok(raw.length <= 256);
    assert.deepEqual(decodeRecord(raw), record);
    assert.deepEqual(encodeRecord(decodeRecord(raw)), raw);
  }
  assert.equal(encodeRecord(FULL).length, 200);
});

test("a record of nothing, or with a part of another length, is not written", async () => {
  assert.ok(FULL.look);
  for (const record of [
    NOTHING,
    { ...NOTHING, geometry: new Int8Array(23) },
    { ...FULL, look: { ...FULL.look, colours: [] } },
    { ...FULL, look: { ...FULL.look, attributes: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3] } },
    { ...FULL, look: { ...FULL.look, attributes: FULL.look.attributes.slice(1) } },
    { ...FULL, look: { ...FULL.look, colours: [[128, 0, 0], null, null, null, null] as const } },
    { ...FULL, look: { ...FULL.look, colours: [[1.5, 0, 0], null, null, null, null] as const } },
  ]) {
    assert.equal(await refusal(() => encodeRecord(record)), "record-malformed");
  }
});

test("random bytes are a record only if they are its one spelling", () => {
  const raw = encodeRecord(FULL);
  for (let round = 0; round < 3000; round++) {
    const [where = 0, value = 0] = freshBytes(2);
    const altered = raw.slice();
    altered[where % raw.length] = value;
    let record: LikenessRecord;
    try {
      record = decodeRecord(altered);
    } catch {
      continue;
    }
    assert.deepEqual([...encodeRecord(record)], [...altered]);
  }
});

test("a bundle gets the parts it needs and none that it did not ask for", async () => {
  assert.deepEqual(partsOf(FULL), ["geometry", "look", "embedding"]);
  requireParts(FULL, ["geometry", "look"], ["embedding"]);
  assert.equal(await refusal(() => requireParts(FULL, ["geometry", "look"], [])), "record-part-missing");
  const alone = { ...NOTHING, geometry: FULL.geometry };
  assert.equal(await refusal(() => requireParts(alone, ["geometry", "look"], [])), "record-part-missing");
});

test("quantising keeps every number within half a step", () => {
  for (let round = 0; round < 200; round++) {
    const vector = Array.from(
      new Float32Array(freshBytes(512).map((byte) => byte - 128)).slice(0, 128),
      (v) => v / 900,
    );
    if (vector.every((value) => value === 0)) continue;
    const { scale, values } = quantise(vector);
    // The scale is a float32, so that the largest number may lie a hair beyond 127 steps.
    vector.forEach((value, i) => assert.ok(Math.abs(value - (values[i] ?? 0) * scale) <= scale * 0.50002));
  }
});

test("halves go to the even neighbour", () => {
  const vector = new Array<number>(128).fill(0);
  [127, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 126.5].forEach((value, i) => (vector[i] = value / 128));
  assert.deepEqual([...quantise(vector).values.slice(0, 8)], [127, 0, 2, 2, 0, -2, -2, 126]);
});

test("what cannot be quantised is refused", async () => {
  const vector = new Array<number>(128).fill(0.1);
  for (const bad of [Number.NaN, Infinity, -Infinity, 128, 1e300]) {
    assert.equal(await refusal(() => quantise([bad, ...vector.slice(1)])), "record-not-finite", String(bad));
  }
  assert.equal(await refusal(() => quantise(new Array<number>(128).fill(1e-60))), "record-not-finite");
});

test("attributes are numbered from one, and what is not tapped is zero", () => {
  assert.deepEqual(attributesFrom({}), new Array(14).fill(0));
  assert.deepEqual(attributesFrom({ hair: "bald", freckles: "some" }), [1, ...new Array(12).fill(0), 2]);
  assert.equal(Object.keys(ATTRIBUTES).length, 14);
});
