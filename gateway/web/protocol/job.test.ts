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
import { openOffer, packJob } from "./job.ts";
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
  const token = await openToken(tokenJws, { gateway: world.gateway.jwk, grant: await world.grant(), now: NOW });
  const asked = { token, tokenJws, images: 1, now: NOW };
  assert.equal((await openOffer(await world.offer(), asked)).offer_id, "33".repeat(16));
  for (const edit of [
    { token: "0".repeat(64) },
    { bundle: "0".repeat(64) },
    { pool: "volunteer" },
    { region: "elsewhere" },
    { images: 2 },
  ] as const) {
    assert.equal(
      await refusal(async () => openOffer(await world.offer(edit), asked)),
      "claim-mismatch",
      JSON.stringify(edit),
    );
  }
  assert.equal(await refusal(async () => openOffer(await world.offer(), { ...asked, now: NOW + 60 })), "offer-expired");
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
    ["erasure", "a receipt", "jws", await world.receipt()],
    ["record", "all parts", "raw", Buffer.from(concat(world.record)).toString("hex")],
  ];
  for (const [file, name, field, value] of ours) assert.equal(value, vector(file, name, field), `${file}: ${name}`);
});

function vector(file: string, name: string, field: string): unknown {
  const path = join(process.cwd(), "../../schemas/vectors", `${file}.json`);
  const { cases } = JSON.parse(readFileSync(path, "utf8")) as { cases: Record<string, unknown>[] };
  return cases.find((given) => given["name"] === name)?.[field];
}
