import assert from "node:assert/strict";
import { test } from "node:test";

import { refusal } from "../testing/refusal.ts";
import { ramp } from "../testing/vectors.ts";
import { seed } from "../testing/world.ts";
import { openRequest, publicKeyOf, sealImage } from "../testing/worker_side.ts";
import { freshBytes } from "./fresh.ts";
import { openImage, replyKey, sealRequest } from "./sealing.ts";
import { concat } from "./scalars.ts";
import { SIZES } from "./wire.ts";

const ROOM = SIZES.requestRoom - 4;

async function keys(): Promise<{ ours: CryptoKey; theirs: CryptoKey }> {
  const [secret, request, claim] = [freshBytes(32), freshBytes(SIZES.sealedRequest), freshBytes(32)];
  return { ours: await replyKey(secret, request, claim), theirs: await replyKey(secret, request, claim, "encrypt") };
}

test("every request has one size and opens to what was sealed", async () => {
  const [theirSeed, info] = [await seed("hpke"), await seed("info")];
  const publicKey = await publicKeyOf(theirSeed);
  for (const length of [0, 1, ROOM - 1, ROOM]) {
    const sealed = await sealRequest(ramp(length), publicKey, info);
    assert.equal(sealed.length, SIZES.sealedRequest);
    assert.deepEqual(await openRequest(sealed, theirSeed, info), ramp(length));
  }
});

test("two sealings of the same never look alike", async () => {
  const publicKey = await publicKeyOf(await seed("hpke"));
  const [a, b] = [await sealRequest(ramp(9), publicKey, ramp(32)), await sealRequest(ramp(9), publicKey, ramp(32))];
  assert.notDeepEqual(a, b);
  assert.notDeepEqual(a.slice(0, SIZES.enc), b.slice(0, SIZES.enc));
});

test("a request too long, or for no key, is not sealed", async () => {
  const publicKey = await publicKeyOf(await seed("hpke"));
  assert.equal(await refusal(() => sealRequest(ramp(ROOM + 1), publicKey, ramp(32))), "too-large");
  assert.equal(await refusal(() => sealRequest(ramp(1), publicKey.slice(1), ramp(32))), "cannot-open");
  const noKey = new Uint8Array(SIZES.publicKey).fill(255);
  assert.equal(await refusal(() => sealRequest(ramp(1), noKey, ramp(32))), "cannot-open");
});

test("a request with any flipped bit does not open", async () => {
  const [theirSeed, info] = [await seed("hpke"), await seed("info")];
  const sealed = await sealRequest(ramp(100), await publicKeyOf(theirSeed), info);
  for (let bit = 0; bit < sealed.length * 8; bit += 2999) {
    assert.equal(await refusal(() => openRequest(flipped(sealed, bit), theirSeed, info)), "cannot-open", `bit ${bit}`);
  }
});

test("images of every edge length come back whole", async () => {
  const { ours, theirs } = await keys();
  const chunk = SIZES.chunk;
  for (const [index, length] of [0, 1, chunk - 5, chunk - 4, chunk - 3, chunk, 2 * chunk - 4, 2 * chunk].entries()) {
    const chunks = await sealImage(ramp(length), theirs, index);
    assert.ok(chunks.every((sealed) => sealed.length === SIZES.sealedChunk));
    assert.deepEqual(await openImage(chunks, ours, index), ramp(length));
    assert.equal(await refusal(() => openImage(chunks, ours, index + 1)), "result-invalid");
  }
});

test("a chunk with any flipped bit is refused", async () => {
  const { ours, theirs } = await keys();
  const [chunk] = await sealImage(ramp(1000), theirs, 0);
  assert.ok(chunk);
  for (let bit = 0; bit < chunk.length * 8; bit += 4099) {
    assert.equal(await refusal(() => openImage([flipped(chunk, bit)], ours, 0)), "result-invalid", `bit ${bit}`);
  }
});

test("chunks are refused in any wrong order or number", async () => {
  const { ours, theirs } = await keys();
  const [a, b, c] = await sealImage(ramp(3 * SIZES.chunk - 4), theirs, 0);
  assert.ok(a && b && c);
  for (const chunks of [
    [a],
    [a, b],
    [b, c],
    [a, c],
    [a, c, b],
    [c, b, a],
    [a, a, b, c],
    [a, b, c, c],
    [a, b, c.slice(1)],
    [],
  ]) {
    assert.equal(await refusal(() => openImage(chunks, ours, 0)), "result-invalid");
  }
  assert.equal((await openImage([a, b, c], ours, 0)).length, 3 * SIZES.chunk - 4);
});

test("padding that is not zero is refused", async () => {
  const { ours, theirs } = await keys();
  const padded = concat(Uint8Array.of(0, 0, 0, 1, 7), new Uint8Array(SIZES.chunk - 6), Uint8Array.of(1));
  const iv = new Uint8Array(12);
  const additionalData = concat(new TextEncoder().encode("likeness/image/v1"), Uint8Array.of(1));
  const chunk = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData }, theirs, padded));
  assert.equal(await refusal(() => openImage([chunk], ours, 0)), "result-invalid");
});

test("the way back has another key for every request, claim and secret", async () => {
  const [secret, request, claim] = [freshBytes(32), freshBytes(SIZES.sealedRequest), freshBytes(32)];
  const [chunk] = await sealImage(ramp(5), await replyKey(secret, request, claim, "encrypt"), 0);
  assert.ok(chunk);
  const others = [
    replyKey(freshBytes(32), request, claim),
    replyKey(secret, freshBytes(SIZES.sealedRequest), claim),
    replyKey(secret, request, freshBytes(32)),
  ];
  for (const key of others) assert.equal(await refusal(async () => openImage([chunk], await key, 0)), "result-invalid");
});

function flipped(raw: Uint8Array, bit: number): Uint8Array<ArrayBuffer> {
  const copy = Uint8Array.from(raw);
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}
