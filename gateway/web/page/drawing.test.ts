import assert from "node:assert/strict";
import { test } from "node:test";

import { encode } from "../protocol/canonical.ts";
import { readReceiptFile } from "../protocol/receipt_file.ts";
import { concat, digest, toHex, utf8, type Bytes } from "../protocol/scalars.ts";
import { SIZES, type ErasureReceipt } from "../protocol/wire.ts";
import {
  choose,
  chunkFrame,
  claimed,
  claimFrames,
  drawn,
  frame,
  Gateway,
  happenings,
  IMAGE,
  orderIn,
  refusalOf,
} from "../testing/gateway_side.ts";
import { refusal } from "../testing/refusal.ts";
import { draw } from "./drawing.ts";

const COMPLETE = ["waiting", "claimed", "chosen", "disclosing", "progress", "image", "receipt", "logged"];

test("a job brings the image, a receipt and its proof, in this order", async () => {
  const all = await happenings(await Gateway.of());
  assert.deepEqual(
    all.map((happening) => happening.is),
    COMPLETE,
  );
  const image = all.find((happening) => happening.is === "image");
  assert.equal(image?.is === "image" && toHex(image.png), toHex(IMAGE));
  const last = all.at(-1);
  assert.ok(last?.is === "logged");
  assert.equal(last.logged.listed.witnesses.length, 2);
  assert.equal(readReceiptFile(last.logged.file).kind, "likeness/receipt-file/v1");
});

test("among several workers every one is picked at some time, and each one's claim was checked", async () => {
  const gateway = await Gateway.of("volunteer");
  const picked = new Set<string>();
  for (let i = 0; i < 60 && picked.size < 3; i++) {
    const another = await Gateway.of("volunteer");
    const all = await happenings(another);
    assert.deepEqual(
      all.map((happening) => happening.is),
      ["waiting", "claimed", "claimed", ...COMPLETE.slice(1)],
    );
    picked.add(another.world.worker.kid);
  }
  assert.deepEqual(picked, new Set(gateway.workers.map(({ worker }) => worker.kid)));
});

test("once the record is sealed to one worker no other claim and no other choice counts", async () => {
  for (const late of [claimFrames, async () => [choose(1, 1)]]) {
    const twice = await refusalOf(async function* (gateway) {
      yield* claimed(gateway);
      await gateway.disclosed;
      yield concat(...(await late(gateway.world)));
    });
    assert.deepEqual(twice, { code: "out-of-order", posted: 1 });
  }
});

test("a choice after a problem discloses nothing", async () => {
  const gone = await refusalOf(async function* ({ world }) {
    yield concat(...(await claimFrames(world)));
    yield frame("problem", encode("Problem", { kind: "likeness/problem/v1", code: "token-revoked", detail: "" }));
    yield choose(1, 1);
  });
  assert.deepEqual(gone, { code: "token-revoked", posted: 0 });
});

test("a receipt about other bytes is refused", async () => {
  const lie = await refusalOf(async function* (gateway) {
    yield* drawn(gateway);
    yield frame("receipt", utf8(await gateway.world.receipt()));
  });
  assert.equal(lie.code, "receipt-mismatch");
});

/** How a job ends whose receipt is followed by what `after` makes, and what was told before. */
async function withReceipt(
  after: (gateway: Gateway, receipt: string) => Promise<Bytes[]>,
  edits: Partial<ErasureReceipt> = {},
): Promise<{ code: string; seen: string[] }> {
  const gateway = await Gateway.of();
  gateway.frames = async function* () {
    const sealed = yield* drawn(gateway);
    const receipt = await gateway.world.receipt({ result: await digest(concat(...sealed)), ...edits });
    yield frame("receipt", utf8(receipt));
    yield concat(...(await after(gateway, receipt)));
  };
  const seen: string[] = [];
  const code = await refusal(async () => {
    const order = await orderIn(gateway.world);
    for await (const { is } of draw(order, gateway, new AbortController().signal)) seen.push(is);
  });
  return { code, seen };
}

test("a receipt that is not shown to stand in the log is told, and is a problem", async () => {
  const bare = await withReceipt(async () => [frame("end")]);
  assert.equal(bare.code, "proof-invalid");
  assert.equal(bare.seen.at(-1), "receipt");
  const away = { kind: "likeness/problem/v1", code: "log-unavailable", detail: "" } as const;
  const unlogged = await withReceipt(async () => [frame("problem", encode("Problem", away)), frame("end")]);
  assert.equal(unlogged.code, "log-unavailable");
  const other = await withReceipt(async ({ world }) => [frame("proof", utf8(await world.rosterProof()))]);
  assert.equal(other.code, "proof-invalid");
  const unseen = await withReceipt(async ({ world }, receipt) => {
    const { index } = readIndex(await world.receiptProof(receipt));
    assert.ok(index > 0);
    return [frame("proof", utf8((await world.receiptProof(receipt)).replace(`index ${index}`, "index 0")))];
  });
  assert.equal(unseen.code, "proof-invalid");
});

function readIndex(proof: string): { index: number } {
  return { index: Number(/^index (\d+)$/m.exec(proof)?.[1]) };
}

test("after the receipt nothing more is heard of the worker", async () => {
  const twice = await withReceipt(async (_, receipt) => [frame("receipt", utf8(receipt))]);
  assert.equal(twice.code, "out-of-order");
  const late = await withReceipt(async () => [chunkFrame(new Uint8Array(SIZES.sealedChunk), 0, true)]);
  assert.equal(late.code, "out-of-order");
});

test("an end without a receipt, or without the image, is no result", async () => {
  const bare = await refusalOf(async function* (gateway) {
    yield* claimed(gateway);
    await gateway.disclosed;
    yield frame("end");
  });
  assert.equal(bare.code, "result-invalid");
});

test("a problem is told after the receipt that follows it, and its proof", async () => {
  const gateway = await Gateway.of();
  gateway.frames = async function* ({ world, disclosed }) {
    yield* claimed(gateway);
    await disclosed;
    yield frame("problem", encode("Problem", { kind: "likeness/problem/v1", code: "token-revoked", detail: "" }));
    const receipt = await world.receipt({ exit_kind: "revoked", images: 0, result: null });
    yield frame("receipt", utf8(receipt));
    yield concat(frame("proof", utf8(await world.receiptProof(receipt))), frame("end"));
  };
  const seen: string[] = [];
  const code = await refusal(async () => {
    const { signal } = new AbortController();
    for await (const { is } of draw(await orderIn(gateway.world), gateway, signal)) seen.push(is);
  });
  assert.equal(code, "token-revoked");
  assert.deepEqual(seen.slice(-2), ["receipt", "logged"]);
});

test("a stream that breaks off says so", async () => {
  const torn = await refusalOf(async function* (gateway) {
    yield* claimed(gateway);
  });
  assert.deepEqual(torn, { code: "gateway-unreachable", posted: 1 });
});
