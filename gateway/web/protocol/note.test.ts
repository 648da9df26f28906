import assert from "node:assert/strict";
import { test } from "node:test";

import { refusal } from "../testing/refusal.ts";
import { MAX_NOTE_BYTES, MAX_SIGNATURES, readBase64, readDecimal, readNote, verify } from "./note.ts";

const LINE = "\u2014 a.example AAAAAAA=\n";

test("a note has a largest size, counted in bytes, and a largest number of signatures", async () => {
  const room = MAX_NOTE_BYTES - new TextEncoder().encode(`\n\n${LINE}`).length;
  assert.equal(readNote(`${"x".repeat(room)}\n\n${LINE}`).signatures.length, 1);
  assert.equal(await refusal(() => readNote(`${"x".repeat(room + 1)}\n\n${LINE}`)), "note-malformed");
  assert.equal(await refusal(() => readNote(`${"x".repeat(room - 1)}\u00e8\n\n${LINE}`)), "note-malformed");
  assert.equal(readNote(`x\n\n${LINE.repeat(MAX_SIGNATURES)}`).signatures.length, MAX_SIGNATURES);
  assert.equal(await refusal(() => readNote(`x\n\n${LINE.repeat(MAX_SIGNATURES + 1)}`)), "note-malformed");
});

test("base64 has one spelling", async () => {
  assert.deepEqual(readBase64("AA=="), Uint8Array.of(0));
  assert.deepEqual(readBase64("+/+/"), Uint8Array.of(0xfb, 0xff, 0xbf));
  for (const text of ["AB==", "AA=", "AA", "AA==\n", " AA==", "A-==", "-_-_", "AAA", "A===", "\u00e9\u00e9=="]) {
    assert.equal(await refusal(() => readBase64(text)), "note-malformed", text);
  }
  assert.equal(await refusal(() => readBase64("AAAA", 2)), "note-malformed");
});

test("a number has one spelling", async () => {
  assert.deepEqual(["0", "9007199254740991"].map(readDecimal), [0, Number.MAX_SAFE_INTEGER]);
  for (const text of ["", "00", "01", "+1", "-1", "1 ", "1\n", "1e3", "0x1", "\u0661", "9007199254740992"]) {
    assert.equal(await refusal(() => readDecimal(text)), "note-malformed", text);
  }
});

test("a key that is none signs nothing", async () => {
  const raw = new Uint8Array(31);
  assert.equal(await refusal(() => verify({ raw }, new Uint8Array(64), new Uint8Array())), "note-untrusted");
});
