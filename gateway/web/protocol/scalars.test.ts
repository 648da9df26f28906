import assert from "node:assert/strict";
import { test } from "node:test";

import { refusal } from "../testing/refusal.ts";
import { freshBytes, freshId, pickOne } from "./fresh.ts";
import { concat, digestOfText, fromB64u, fromHex, toB64u, toHex, utf8 } from "./scalars.ts";

test("base64url agrees with Node's for every length", () => {
  for (let length = 0; length < 100; length++) {
    const raw = freshBytes(length);
    assert.equal(toB64u(raw), Buffer.from(raw).toString("base64url"));
    assert.deepEqual(fromB64u(toB64u(raw), length), raw);
  }
});

test("other spellings of base64url are refused", async () => {
  for (const text of ["A", "AB", "AAB", "AA=", "AA==", "A+", "A/", " AA", "AA\n", "AAAAA", "é", "AA😀"]) {
    assert.equal(await refusal(() => fromB64u(text)), "bad-field", text);
  }
  assert.equal(await refusal(() => fromB64u("AAAA", 4)), "bad-field");
});

test("hex reads what it writes, in lower case only", async () => {
  const raw = freshBytes(40);
  assert.deepEqual(fromHex(toHex(raw)), raw);
  for (const text of ["0", "AB", "0g", "00\n"]) assert.equal(await refusal(() => fromHex(text)), "bad-field", text);
});

test("a digest is SHA-256 over UTF-8", async () => {
  assert.equal(await digestOfText("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  assert.deepEqual(concat(utf8("é"), new Uint8Array(), utf8("!")), Uint8Array.of(0xc3, 0xa9, 0x21));
});

test("ids are fresh, and a choice is one of the choices", () => {
  assert.match(freshId(), /^[0-9a-f]{32}$/);
  assert.notEqual(freshId(), freshId());
  const chosen = new Set(Array.from({ length: 200 }, () => pickOne(["a", "b", "c"])));
  assert.deepEqual(chosen, new Set(["a", "b", "c"]));
  assert.equal(pickOne([]), undefined);
});
