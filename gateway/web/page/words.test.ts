import assert from "node:assert/strict";
import { test } from "node:test";

import { ERRORS, PHOTO_ERRORS } from "../protocol/wire.ts";
import { reachWords, WORDS } from "./words.ts";

test("every code has words, and no words lack a code", () => {
  const codes = Object.keys({ ...ERRORS, ...PHOTO_ERRORS }).sort();
  assert.ok(codes.length > 50);
  assert.deepEqual(Object.keys(WORDS).sort(), codes);
});

test("words are sentences for people", () => {
  for (const [code, { title, whatToDo }] of Object.entries(WORDS)) {
    assert.ok(title.length > 10 && !title.endsWith("."), code);
    assert.ok(whatToDo.endsWith("."), code);
    assert.doesNotMatch(`${title} ${whatToDo}`, /undefined|JWS|HPKE|canonical|NATS/, code);
  }
});

test("what has left is said for each reach", () => {
  for (const reach of ["nothing", "consent", "record"] as const) assert.match(reachWords(reach), /left this device/);
});
