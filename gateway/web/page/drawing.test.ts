import assert from "node:assert/strict";
import { test } from "node:test";

import { decode, encode } from "../protocol/canonical.ts";
import { openToken } from "../protocol/consent.ts";
import type { DisclosureBytes, JobBytes } from "../protocol/job.ts";
import { concat, digest, fromB64u, fromHex, sha256, toHex, utf8, type Bytes } from "../protocol/scalars.ts";
import { context, replyKey } from "../protocol/sealing.ts";
import type { SignedStatement } from "../protocol/signing.ts";
import { FRAMES, SIZES } from "../protocol/wire.ts";
import { refusal } from "../testing/refusal.ts";
import { openRequest, sealImage } from "../testing/worker_side.ts";
import { NOW, World } from "../testing/world.ts";
import { draw, type Happening, type JobWorld, type Order } from "./drawing.ts";

const IMAGE = Uint8Array.from({ length: 100_000 }, (_, i) => i % 251); // two chunks

function frame(kind: keyof typeof FRAMES, payload: Uint8Array = new Uint8Array()): Bytes {
  const header = new DataView(new ArrayBuffer(5));
  header.setUint8(0, FRAMES[kind]);
  header.setUint32(1, payload.length);
  return concat(new Uint8Array(header.buffer), payload);
}

/** A gateway with an honest worker behind it; `frames` says what it sends, so that an attack is an edit of it. */
class Gateway implements JobWorld {
  readonly world: World;
  readonly posted: DisclosureBytes[] = [];
  frames: (gateway: Gateway) => AsyncGenerator<Bytes> = honest;
  #arrived: (() => void) | undefined;
  readonly disclosed = new Promise<void>((resolve) => {
    this.#arrived = resolve;
  });

  constructor(world: World) {
    this.world = world;
  }

  now(): number {
    return NOW;
  }

  openJob(_: JobBytes): AsyncGenerator<Bytes> {
    return this.frames(this);
  }

  async postDisclosure(_: string, body: DisclosureBytes): Promise<void> {
    this.posted.push(body);
    this.#arrived?.();
  }

  /** What the worker's child makes of the disclosure: the sealed chunks of IMAGE. */
  async sealed(): Promise<Bytes[]> {
    const [body] = this.posted;
    assert.ok(body);
    const length = new DataView(body.buffer, body.byteOffset).getUint32(0);
    const [disclosure, request] = [body.slice(4, 4 + length), body.slice(4 + length)];
    assert.equal(request.length, SIZES.sealedRequest);
    const { offerHash, claimHash } = await this.world.checked();
    const info = await context(fromHex(offerHash), fromHex(claimHash), await sha256(disclosure));
    const asked = decode("SealedRequest", await openRequest(request, this.world.hpkeSeed, info));
    const key = await replyKey(fromB64u(asked.response_secret), request, fromHex(claimHash), "encrypt");
    return sealImage(IMAGE, key, 0);
  }
}

function chunkFrame(sealed: Bytes, chunk: number, last: boolean): Bytes {
  const header = new DataView(new ArrayBuffer(7));
  header.setUint32(2, chunk);
  header.setUint8(6, last ? 1 : 0);
  return frame("image", concat(new Uint8Array(header.buffer), sealed));
}

async function* claimed({ world }: Gateway): AsyncGenerator<Bytes> {
  const waiting = { waited_seconds: 1, gives_up_after_seconds: 60, ahead: 0, workers: 1 };
  yield frame("waiting", encode("Waiting", { kind: "likeness/waiting/v1", ...waiting }));
  yield concat(frame("offer", await world.offer()), frame("roster", utf8(await world.roster())));
  yield frame("claim", utf8(await world.claim()));
}

async function* honest(gateway: Gateway): AsyncGenerator<Bytes> {
  yield* claimed(gateway);
  await gateway.disclosed;
  const progress = { phase: "drawing", image: 0, images: 1, step: 1, steps: 2 } as const;
  yield frame("progress", encode("Progress", { kind: "likeness/progress/v1", ...progress }));
  const sealed = await gateway.sealed();
  for (const [i, chunk] of sealed.entries()) yield chunkFrame(chunk, i, i === sealed.length - 1);
  const receipt = await gateway.world.receipt({ result: await digest(concat(...sealed)) });
  yield concat(frame("receipt", utf8(receipt)), frame("end"));
}

async function orderIn(world: World): Promise<Order> {
  const [grant, tokenJws] = [(await world.grant()) as SignedStatement, await world.token()];
  const token = await openToken(tokenJws, { gateway: world.gateway.jwk, grant, now: NOW });
  const agreement = { signer: world.browser, grant, tokenJws, token, disclosures: 0, images: 0 };
  return { agreement, gateway: world.gateway.jwk, record: world.record, style: "studio", images: 1 };
}

async function happenings(gateway: Gateway, signal = new AbortController().signal): Promise<Happening[]> {
  const all: Happening[] = [];
  for await (const happening of draw(await orderIn(gateway.world), gateway, signal)) all.push(happening);
  return all;
}

async function refusalOf(frames: Gateway["frames"]): Promise<{ code: string; posted: number }> {
  const gateway = new Gateway(await World.make());
  gateway.frames = frames;
  return { code: await refusal(() => happenings(gateway)), posted: gateway.posted.length };
}

test("a job brings the image and a receipt, in this order", async () => {
  const all = await happenings(new Gateway(await World.make()));
  assert.deepEqual(
    all.map((happening) => happening.is),
    ["waiting", "claimed", "disclosing", "progress", "image", "receipt"],
  );
  const image = all.find((happening) => happening.is === "image");
  assert.equal(image?.is === "image" && toHex(image.png), toHex(IMAGE));
});

test("nothing is disclosed to a claim that does not hold", async () => {
  const stale = await refusalOf(async function* ({ world }) {
    yield concat(frame("offer", await world.offer()), frame("roster", utf8(await world.roster())));
    yield frame("claim", utf8(await world.claim({ issued_at: NOW - 90 })));
  });
  assert.deepEqual(stale, { code: "claim-mismatch", posted: 0 });
  const unlisted = await refusalOf(async function* ({ world }) {
    const listedByNobody = await world.claim(); // a claim where a roster entry should be
    yield concat(frame("offer", await world.offer()), frame("roster", utf8(listedByNobody)));
    yield frame("claim", utf8(await world.claim()));
  });
  assert.deepEqual(unlisted, { code: "bad-header", posted: 0 });
});

test("nothing is disclosed for an offer that is not ours", async () => {
  const other = await refusalOf(async function* ({ world }) {
    yield frame("offer", await world.offer({ images: 2 }));
  });
  assert.deepEqual(other, { code: "claim-mismatch", posted: 0 });
});

test("frames out of order end the job before anything is disclosed", async () => {
  const early = await refusalOf(async function* ({ world }) {
    yield frame("claim", utf8(await world.claim()));
  });
  assert.deepEqual(early, { code: "out-of-order", posted: 0 });
  const image = await refusalOf(async function* () {
    yield chunkFrame(new Uint8Array(SIZES.sealedChunk), 0, true);
  });
  assert.deepEqual(image, { code: "out-of-order", posted: 0 });
});

test("a second claim gets nothing", async () => {
  const twice = await refusalOf(async function* (gateway) {
    yield* claimed(gateway);
    await gateway.disclosed;
    yield frame("claim", utf8(await gateway.world.claim()));
  });
  assert.deepEqual(twice, { code: "out-of-order", posted: 1 });
});

test("a receipt about other bytes is refused", async () => {
  const lie = await refusalOf(async function* (gateway) {
    yield* claimed(gateway);
    await gateway.disclosed;
    const sealed = await gateway.sealed();
    for (const [i, chunk] of sealed.entries()) yield chunkFrame(chunk, i, i === sealed.length - 1);
    yield frame("receipt", utf8(await gateway.world.receipt()));
  });
  assert.equal(lie.code, "receipt-mismatch");
});

test("an end without a receipt, or without the image, is no result", async () => {
  const bare = await refusalOf(async function* (gateway) {
    yield* claimed(gateway);
    await gateway.disclosed;
    yield frame("end");
  });
  assert.equal(bare.code, "result-invalid");
});

test("a problem is told after the receipt that follows it", async () => {
  const gateway = new Gateway(await World.make());
  gateway.frames = async function* ({ world, disclosed }) {
    yield* claimed(gateway);
    await disclosed;
    yield frame("problem", encode("Problem", { kind: "likeness/problem/v1", code: "worker-failed", detail: "" }));
    yield frame("receipt", utf8(await world.receipt({ exit_kind: "exception", images: 0, result: null })));
    yield frame("end");
  };
  const seen: string[] = [];
  const code = await refusal(async () => {
    const { signal } = new AbortController();
    for await (const { is } of draw(await orderIn(gateway.world), gateway, signal)) seen.push(is);
  });
  assert.equal(code, "worker-failed");
  assert.equal(seen.at(-1), "receipt");
});

test("a stream that breaks off says so", async () => {
  const torn = await refusalOf(async function* (gateway) {
    yield* claimed(gateway);
  });
  assert.deepEqual(torn, { code: "gateway-unreachable", posted: 1 });
});
