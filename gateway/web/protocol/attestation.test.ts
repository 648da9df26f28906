import assert from "node:assert/strict";
import { before, test } from "node:test";

import { refusal } from "../testing/refusal.ts";
import { checkQuote, expectedPcr, quoteBinding } from "./attestation.ts";
import { concat, fromB64u, fromHex, sha256, toB64u, type Bytes } from "./scalars.ts";
import type { AttestationKey, Quote } from "./wire.ts";

const ECDSA = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const SOFTWARE = "5a".repeat(32);
const BINDING = new Uint8Array(32).fill(3);
/** The name of the key, clock and firmware: what a TPM may say as it likes. */
const FREE = (at: number): boolean => (at >= 10 && at < 42) || (at >= 76 && at < 101);

let pair: CryptoKeyPair;
let key: AttestationKey;
let message: Bytes;

before(async () => {
  pair = await crypto.subtle.generateKey(ECDSA, false, ["sign", "verify"]);
  key = { key: toB64u(new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey))), root: "test-tpm" };
  message = concat(
    fromHex("ff5443478018" + "0022000b" + "11".repeat(32) + "0020"),
    BINDING,
    fromHex("22".repeat(25) + "00000001000b03000080" + "0020"),
    await sha256(await expectedPcr(SOFTWARE)),
  );
});

async function signed(text: Bytes): Promise<Quote> {
  const signature = new Uint8Array(await crypto.subtle.sign(ECDSA, pair.privateKey, text));
  return { message: toB64u(text), signature: toB64u(signature) };
}

function flipped(raw: Bytes, at: number): Bytes {
  const altered = raw.slice();
  altered[at] = (altered[at] ?? 0) ^ 1;
  return altered;
}

function outcome(quote: Quote, under = key): Promise<string> {
  return refusal(() => checkQuote(quote, under, { binding: BINDING, software: SOFTWARE }));
}

test("every byte of a quote, its signature and its key matters", async () => {
  const good = await signed(message);
  assert.equal(await outcome(good), "accept");
  for (let at = 0; at < 145; at++)
    assert.equal(await outcome({ ...good, message: toB64u(flipped(message, at)) }), "quote-invalid", `message ${at}`);
  const [signature, point] = [fromB64u(good.signature), fromB64u(key.key)];
  for (let at = 0; at < 64; at++)
    assert.equal(await outcome({ ...good, signature: toB64u(flipped(signature, at)) }), "quote-invalid", `${at}`);
  for (let at = 0; at < 65; at++)
    assert.equal(await outcome(good, { ...key, key: toB64u(flipped(point, at)) }), "quote-invalid", `point ${at}`);
});

test("a signature saves only what a TPM may say as it likes", async () => {
  for (let at = 0; at < 145; at++) {
    assert.equal(await outcome(await signed(flipped(message, at))), FREE(at) ? "accept" : "quote-invalid", `${at}`);
  }
});

test("a key or a hash of another length is bound to nothing", async () => {
  assert.equal((await quoteBinding(new Uint8Array(1216), BINDING)).length, 32);
  assert.equal(await refusal(() => quoteBinding(new Uint8Array(1215), BINDING)), "quote-invalid");
  assert.equal(await refusal(() => quoteBinding(new Uint8Array(1217), BINDING)), "quote-invalid");
  assert.equal(await refusal(() => quoteBinding(new Uint8Array(1216), new Uint8Array(31))), "quote-invalid");
});
