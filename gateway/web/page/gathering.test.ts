import assert from "node:assert/strict";
import { test } from "node:test";

import { concat, utf8, type Bytes } from "../protocol/scalars.ts";
import { SIZES } from "../protocol/wire.ts";
import {
  choose,
  chunkFrame,
  claimFrames,
  edited,
  frame,
  Gateway,
  honest,
  refusalOf,
} from "../testing/gateway_side.ts";
import { NOW, type World } from "../testing/world.ts";

test("nothing is disclosed to a claim that does not hold", async () => {
  const stale = await refusalOf(async function* ({ world }) {
    yield edited(world, { claim: await world.claim({ issued_at: NOW - 90 }) });
    yield choose(1, 1);
  });
  assert.deepEqual(stale, { code: "claim-mismatch", posted: 0 });
  const unlisted = await refusalOf(async function* ({ world }) {
    yield edited(world, { roster: await world.claim() }); // a claim where a roster entry should be
    yield choose(1, 1);
  });
  assert.deepEqual(unlisted, { code: "bad-header", posted: 0 });
});

test("nothing is disclosed to a worker that the log does not show, now, to enough witnesses", async () => {
  const code = async (proof: (world: World) => Promise<string>): Promise<unknown> =>
    refusalOf(async function* ({ world }) {
      yield edited(world, { proof: await proof(world) });
      yield choose(1, 1);
    });
  const another = utf8("an entry that stands there");
  assert.deepEqual(await code(({ log }) => log.prove(another)), { code: "proof-invalid", posted: 0 });
  const entry = async (world: World): Promise<Bytes> => utf8(await world.roster());
  assert.deepEqual(await code(async (world) => world.log.prove(await entry(world), { witnesses: 1 })), {
    code: "checkpoint-unwitnessed",
    posted: 0,
  });
  assert.deepEqual(await code(async (world) => world.log.prove(await entry(world), { now: NOW - 601 })), {
    code: "checkpoint-stale",
    posted: 0,
  });
  assert.deepEqual(await code(async () => "no proof"), { code: "note-malformed", posted: 0 });
});

test("a worker without the company's word gets nothing, whatever else holds", async () => {
  const { world } = await Gateway.of();
  const company = world.company.jwk;
  const refused = await refusalOf(honest, { order: { company } });
  assert.deepEqual(refused, { code: "not-endorsed", posted: 0 });
});

test("with fewer workers than the pool asks for nothing is disclosed", async () => {
  const pool = "volunteer";
  const few = await refusalOf(
    async function* ({ workers }) {
      for (const world of workers.slice(0, 2)) yield concat(...(await claimFrames(world)));
      yield choose(2, 3);
    },
    { pool },
  );
  assert.deepEqual(few, { code: "too-few-claims", posted: 0 });
  const twice = await refusalOf(
    async function* ({ workers: [first, second] }) {
      assert.ok(first && second);
      for (const world of [first, second, first]) yield concat(...(await claimFrames(world)));
      yield choose(3, 3);
    },
    { pool },
  );
  assert.deepEqual(twice, { code: "too-few-claims", posted: 0 });
});

test("a choice among other claims than came, or of other lots than the pool has, is none", async () => {
  for (const [claims, lots] of [
    [2, 1],
    [1, 3],
  ] as const) {
    const wrong = await refusalOf(async function* ({ world }) {
      yield concat(...(await claimFrames(world)));
      yield choose(claims, lots);
    });
    assert.deepEqual(wrong, { code: "out-of-order", posted: 0 });
  }
});

test("nothing is disclosed for an offer that is not ours", async () => {
  const other = await refusalOf(async function* ({ world }) {
    yield frame("offer", await world.offer({ images: 2 }));
  });
  assert.deepEqual(other, { code: "claim-mismatch", posted: 0 });
});

test("frames out of order end the job before anything is disclosed", async () => {
  const early: ((world: World) => Promise<Bytes[]>)[] = [
    async (world) => [frame("claim", utf8(await world.claim()))],
    async (world) => [frame("offer", await world.offer()), frame("claim", utf8(await world.claim()))],
    async (world) => [frame("proof", utf8(await world.rosterProof()))],
    async (world) => [...(await claimFrames(world)), ...(await claimFrames(world))], // one lot, two claims
    async (world) => [...(await claimFrames(world)).slice(0, 3), choose(1, 1)],
    async () => [choose(1, 1)],
    async () => [chunkFrame(new Uint8Array(SIZES.sealedChunk), 0, true)],
    async (world) => [frame("receipt", utf8(await world.receipt()))],
  ];
  const codes = [];
  for (const frames of early) {
    codes.push(
      await refusalOf(async function* ({ world }) {
        yield concat(...(await frames(world)));
        yield frame("end");
      }),
    );
  }
  assert.deepEqual(
    codes,
    early.map(() => ({ code: "out-of-order", posted: 0 })),
  );
});

