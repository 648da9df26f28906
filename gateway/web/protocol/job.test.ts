import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { refusal } from "../testing/refusal.ts";
import { NOW, World, seed } from "../testing/world.ts";
import { openRequest, sealImage } from "../testing/worker_side.ts";
import { decode } from "./canonical.ts";
import { openToken } from "./consent.ts";
import { decodeRecord } from "./embedding.ts";
import { chooseClaim, openOffer, packJob } from "./job.ts";
import { rosterEntry } from "./log_leaf.ts";
import { concat, digestOfText, fromB64u, fromHex, sha256, utf8 } from "./scalars.ts";
import { context, openImage, replyKey } from "./sealing.ts";
import { openIntroduced } from "./signing.ts";
import { SIZES } from "./wire.ts";

test("a job's body is the token and a request that K_u signed for it", async () => {
  const world = await World.make();
  const token = await world.token();
  const body = decode(
    "JobBody",
    await packJob(world.browser, { token, nonce: "22".repeat(16), images: 2, issued_at: NOW }),
  );
  assert.equal(body.token, token);
  const { statement, kid } = await openIntroduced("JobRequest", body.request);
  assert.equal(kid, world.browser.kid);
  assert.equal(statement.token, await digestOfText(token));
  assert.equal(statement.images, 2);
});

test("an offer must be the one that was asked for", async () => {
  const world = await World.make();
  const tokenJws = await world.token();
  const token = await openToken(tokenJws, { gateway: [world.gateway.jwk], grant: await world.grant(), now: NOW });
  const asked = { token, tokenJws, images: 1, now: NOW };
  assert.equal((await openOffer(await world.offer(), asked)).offer_id, "33".repeat(16));
  for (const edit of [
    { token: "0".repeat(64) },
    { bundle: "0".repeat(64) },
    { pool: "volunteer" },
    { region: "elsewhere" },
    { images: 2 },
    { lots: 2 },
    { lots: 3, lot: 3 },
    { lot: 2 },
  ] as const) {
    assert.equal(
      await refusal(async () => openOffer(await world.offer(edit), asked)),
      "claim-mismatch",
      JSON.stringify(edit),
    );
  }
  assert.equal(await refusal(async () => openOffer(await world.offer(), { ...asked, now: NOW + 60 })), "offer-expired");
});

test("each of a volunteer pool's claims may be the one, and every job needs all of them", async () => {
  const one = await World.make("browser", { pool: "volunteer" });
  const cast = { pool: "volunteer", log: one.log } as const;
  const two = await World.make("browser", { ...cast, worker: "worker 2", lot: 2 });
  const three = await World.make("browser", { ...cast, worker: "worker 3", lot: 3 });
  const claims = [await one.checked(), await two.checked(), await three.checked()];
  const counts = new Map(claims.map(({ claimHash }) => [claimHash, 0]));
  for (let i = 0; i < 3000; i++) {
    const { claimHash } = chooseClaim(claims, 3);
    counts.set(claimHash, (counts.get(claimHash) ?? 0) + 1);
  }
  // 3000 fair draws leave [800, 1200] about once in 10^14 runs.
  for (const count of counts.values()) assert.ok(count > 800 && count < 1200, String([...counts.values()]));
  assert.equal(await refusal(() => chooseClaim(claims.slice(1), 3)), "too-few-claims");
  assert.equal(await refusal(() => chooseClaim(claims.slice(0, 1), 1)), "claim-mismatch");
});

test("a disclosure is what one claim's key opens, and nothing else", async () => {
  const world = await World.make();
  const [checked, { disclosure, body, replyKey: ours }] = [await world.checked(), await world.disclosed()];
  const length = new DataView(body.buffer).getUint32(0);
  assert.equal(new TextDecoder().decode(body.slice(4, 4 + length)), disclosure);
  const sealed = body.slice(4 + length);
  assert.equal(sealed.length, SIZES.sealedRequest);
  const claimHash = fromHex(checked.claimHash);
  const info = await context(fromHex(checked.offerHash), claimHash, await sha256(utf8(disclosure)));
  const request = decode("SealedRequest", await openRequest(sealed, world.hpkeSeed, info));
  assert.deepEqual(decodeRecord(fromB64u(request.record)), decodeRecord(world.record));
  assert.deepEqual([request.style, request.seed, request.images], ["studio", 7, 1]);
  assert.equal(await refusal(() => openRequest(sealed, world.hpkeSeed, claimHash)), "cannot-open");
  const theirs = await replyKey(await seed("response"), sealed, claimHash, "encrypt");
  assert.deepEqual(await openImage(await sealImage(utf8("an image"), theirs, 0), ours, 0), utf8("an image"));
});

test("nothing of the record is in the body", async () => {
  const world = await World.make();
  const { body } = await world.disclosed();
  const inBody = Buffer.from(body);
  for (let at = 0; at + 8 <= world.record.length; at += 8) {
    assert.equal(inBody.includes(Buffer.from(world.record.subarray(at, at + 8))), false);
  }
  assert.equal(inBody.includes(Buffer.from(world.record).toString("base64url").slice(0, 16)), false);
});

test("the same seeds give the same statements in Python", async () => {
  const world = await World.make();
  const proof = await proofLikePython(world);
  const { disclosure } = await world.disclosed();
  const body = await packJob(world.browser, {
    token: await world.token(),
    nonce: "22".repeat(16),
    images: 1,
    issued_at: NOW,
  });
  const ours: [string, string, string, string][] = [
    ["consent", "a fresh grant", "grant", await world.grant()],
    ["consent", "a token for its grant", "token", await world.token()],
    ["job", "a request", "jws", decode("JobBody", body).request],
    ["claim", "a good claim", "offer", new TextDecoder().decode(await world.offer())],
    ["claim", "a good claim", "roster", await world.roster()],
    ["claim", "a good claim", "claim", await world.claim()],
    ["job", "a disclosure", "jws", disclosure],
    ["claim", "a good claim", "policy", world.log.policyText],
    ["claim", "a good claim", "proof", proof],
    ["claim", "an endorsed worker", "roster", await world.roster({ endorsement: await world.endorsement() })],
    ["revocation", "a withdrawal", "jws", (await world.withdrawal()).statement],
    ["erasure", "a receipt", "jws", await world.receipt()],
    ["record", "all parts", "raw", Buffer.from(concat(world.record)).toString("hex")],
  ];
  for (const [file, name, field, value] of ours) assert.equal(value, vector(file, name, field), `${file}: ${name}`);
});

/** A log that holds what tests/vector_cases/proofs.py puts into it first. */
async function proofLikePython(world: World): Promise<string> {
  for (const entry of ["an entry", "another entry", "a third entry"]) await world.log.prove(utf8(entry));
  return world.log.prove(rosterEntry(await world.roster()));
}

function vector(file: string, name: string, field: string): unknown {
  const path = join(process.cwd(), "../../schemas/vectors", `${file}.json`);
  const { cases } = JSON.parse(readFileSync(path, "utf8")) as { cases: Record<string, unknown>[] };
  return cases.find((given) => given["name"] === name)?.[field];
}
