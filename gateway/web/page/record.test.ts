import assert from "node:assert/strict";
import { test } from "node:test";

import type { Measured } from "../vision/messages.ts";
import { displayColour, hexLines, recordBytes, recordOf, stretches, type PartRules } from "./record.ts";
import { NO_CHOICES } from "./session.ts";

const ALL: PartRules = { needed: ["geometry", "look"], optional: ["embedding"], embedder: 1 };

const measured: Measured = {
  crop: { width: 1, height: 1 } as ImageData,
  checks: [],
  geometry: Int8Array.from({ length: 24 }, (_, i) => i - 12),
  colours: Int8Array.from({ length: 15 }, (_, i) => (i < 12 ? i : 0)),
  coloursGiven: Uint8Array.of(1, 1, 1, 1, 0),
  embedding: Float32Array.from({ length: 128 }, (_, i) => (i - 64) / 500),
};

test("a full record has 200 bytes, cut into header and parts", () => {
  const record = recordOf(measured, NO_CHOICES, ALL);
  const raw = recordBytes(record, ALL);
  assert.equal(raw.length, 200);
  assert.deepEqual(
    stretches(record, raw).map(({ name, bytes }) => [name, bytes.length]),
    [
      ["header", 8],
      ["geometry", 24],
      ["look", 36],
      ["embedding", 132],
    ],
  );
});

test("what is withheld is not in the bytes; what is needed cannot be withheld", () => {
  const choices = {
    ...NO_CHOICES,
    withheld: new Set(["embedding", "geometry"] as const),
    withheldColours: new Set([0]),
  };
  const record = recordOf(measured, choices, ALL);
  assert.equal(record.embedding, null);
  assert.notEqual(record.geometry, null);
  assert.deepEqual(
    record.look?.colours.map((colour) => colour !== null),
    [false, true, true, true, false],
  );
});

test("a bundle that does not know a part never gets it", () => {
  const record = recordOf(measured, NO_CHOICES, { needed: ["geometry"], optional: [], embedder: 0 });
  assert.equal(recordBytes(record, { needed: ["geometry"], optional: [], embedder: 0 }).length, 32);
});

test("without an embedder a needed embedding is missed, not invented", () => {
  const rules: PartRules = { needed: ["embedding"], optional: [], embedder: 1 };
  const record = recordOf({ ...measured, embedding: undefined }, NO_CHOICES, rules);
  assert.throws(() => recordBytes(record, rules), { code: "record-part-missing" });
});

test("colour codes are shown as the colours they stand for", () => {
  assert.deepEqual(displayColour([100, 0, 0]), [255, 255, 255]);
  assert.deepEqual(displayColour([-100, 0, 0]), [0, 0, 0]);
  const [red, green, blue] = displayColour([40, 20, 25]);
  assert.ok(red > green && green > blue);
});

test("hex has sixteen bytes a line", () => {
  assert.equal(hexLines(Uint8Array.of(...Array(17).keys())).split("\n").length, 2);
});
