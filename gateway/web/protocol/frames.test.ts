import assert from "node:assert/strict";
import { test } from "node:test";

import { refusal } from "../testing/refusal.ts";
import { ramp } from "../testing/vectors.ts";
import { sealImage } from "../testing/worker_side.ts";
import { freshBytes } from "./fresh.ts";
import { FrameReader, decodeChunk, type Frame, type ImageChunk } from "./frames.ts";
import { ResultReader } from "./result.ts";
import { concat, digest, utf8, type Bytes } from "./scalars.ts";
import { replyKey } from "./sealing.ts";
import { FRAMES, SIZES } from "./wire.ts";

function frame(kind: number, payload: Bytes): Bytes {
  const head = new DataView(new ArrayBuffer(5));
  head.setUint8(0, kind);
  head.setUint32(1, payload.length);
  return concat(new Uint8Array(head.buffer), payload);
}

function chunkPayload(image: number, chunk: number, last: number, sealed: Bytes): Bytes {
  const head = new DataView(new ArrayBuffer(7));
  head.setUint16(0, image);
  head.setUint32(2, chunk);
  head.setUint8(6, last);
  return concat(new Uint8Array(head.buffer), sealed);
}

test("a stream gives the same frames however it is cut", () => {
  const payloads = [utf8("{}"), new Uint8Array(), ramp(SIZES.sealedChunk + 7), utf8("x"), new Uint8Array()];
  const kinds = [FRAMES.progress, FRAMES.waiting, FRAMES.image, FRAMES.receipt, FRAMES.end];
  const stream = concat(...payloads.map((payload, i) => frame(kinds[i] ?? 0, payload)));
  for (const size of [1, 4, 5, 6, 1000, 65536, stream.length]) {
    const reader = new FrameReader();
    const frames: Frame[] = [];
    for (let at = 0; at < stream.length; at += size) frames.push(...reader.feed(stream.subarray(at, at + size)));
    reader.finish();
    assert.deepEqual(
      frames.map(({ kind }) => kind),
      ["progress", "waiting", "image", "receipt", "end"],
    );
    assert.deepEqual(
      frames.map(({ payload }) => payload),
      payloads,
    );
  }
});

test("a long image in small pieces takes time in proportion", () => {
  const stream = frame(FRAMES.image, ramp(SIZES.sealedChunk + 7));
  const reader = new FrameReader();
  let found = 0;
  for (let round = 0; round < 8; round++) {
    for (let at = 0; at < stream.length; at += 16) found += reader.feed(stream.subarray(at, at + 16)).length;
  }
  assert.equal(found, 8);
});

test("a reader keeps nothing of the pieces it was given", () => {
  const piece = frame(FRAMES.progress, utf8("{}"));
  const reader = new FrameReader();
  reader.feed(piece.subarray(0, 6));
  const [, , , , , first] = piece;
  piece.fill(0, 0, 6);
  assert.deepEqual(reader.feed(Uint8Array.of(0x7d)), [{ kind: "progress", payload: utf8("{}") }]);
  assert.equal(first, 0x7b);
});

test("unknown kinds, long payloads and torn ends are refused", async () => {
  for (const stream of [
    frame(0, new Uint8Array()),
    frame(12, new Uint8Array()),
    frame(FRAMES.image, ramp(SIZES.sealedChunk + 8)),
  ]) {
    assert.equal(await refusal(() => new FrameReader().feed(stream)), "result-invalid");
  }
  const reader = new FrameReader();
  reader.feed(frame(FRAMES.end, new Uint8Array()).slice(0, 4));
  assert.equal(await refusal(() => reader.finish()), "result-invalid");
});

test("a chunk with other numbers or another length is refused", async () => {
  const sealed = ramp(SIZES.sealedChunk);
  assert.deepEqual(decodeChunk(chunkPayload(3, 255, 1, sealed)), { image: 3, chunk: 255, last: true, sealed });
  for (const payload of [
    chunkPayload(0, 256, 0, sealed),
    chunkPayload(0, 0, 2, sealed),
    chunkPayload(0, 0, 0, sealed.slice(1)),
  ]) {
    assert.equal(await refusal(() => decodeChunk(payload)), "result-invalid");
  }
});

test("images come back one by one, and their digest is over all sealed chunks", async () => {
  const { reader, images } = await twoImages();
  assert.equal(await reader.digest(), null);
  const got: Bytes[] = [];
  for (const chunk of images.flat()) {
    const image = await reader.take(chunk);
    if (image) got.push(image);
  }
  assert.deepEqual(got, [ramp(SIZES.chunk), ramp(10)]);
  assert.equal(reader.complete, 2);
  assert.equal(await reader.digest(), await digest(concat(...images.flat().map((chunk) => chunk.sealed))));
});

test("a chunk out of turn, or an image too many, is refused", async () => {
  const { reader, images } = await twoImages();
  const [first = [], second = []] = images;
  const [a, b] = first;
  const [c] = second;
  assert.ok(a && b && c);
  assert.equal(await refusal(() => reader.take(b)), "result-invalid");
  assert.equal(await refusal(() => reader.take(c)), "result-invalid");
  await reader.take(a);
  assert.equal(await refusal(() => reader.take(a)), "result-invalid");
  assert.equal(await refusal(() => reader.take({ ...b, last: false }).then(() => reader.take(c))), "result-invalid");
  const fresh = await twoImages();
  for (const chunk of fresh.images.flat()) await fresh.reader.take(chunk);
  assert.equal(await refusal(() => fresh.reader.take({ ...c, image: 2 })), "result-invalid");
});

async function twoImages(): Promise<{ reader: ResultReader; images: ImageChunk[][] }> {
  const [secret, request, claim] = [freshBytes(32), freshBytes(SIZES.sealedRequest), freshBytes(32)];
  const theirs = await replyKey(secret, request, claim, "encrypt");
  const images = await Promise.all(
    [ramp(SIZES.chunk), ramp(10)].map(async (raw, image) => {
      const chunks = await sealImage(raw, theirs, image);
      return chunks.map((sealed, chunk): ImageChunk => ({ image, chunk, last: chunk === chunks.length - 1, sealed }));
    }),
  );
  return { reader: new ResultReader(await replyKey(secret, request, claim), 2), images };
}
