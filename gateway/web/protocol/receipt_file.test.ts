import assert from "node:assert/strict";
import { test } from "node:test";

import { refusal } from "../testing/refusal.ts";
import { NOW, World, signerNamed } from "../testing/world.ts";
import { checkReceipt } from "./erasure.ts";
import { checkReceiptFile, packReceiptFile, readReceiptFile } from "./receipt_file.ts";
import { openIntroduced, openSigned, sign } from "./signing.ts";
import type { Disclosure, ReceiptFile } from "./wire.ts";

const text = (raw: Uint8Array): string => new TextDecoder().decode(raw);

async function fileOf(world: World): Promise<ReceiptFile> {
  const statements = {
    gateway_key: world.gateway.jwk,
    grant: await world.grant(),
    token: await world.token(),
    offer: text(await world.offer()),
    roster: await world.roster(),
    claim: await world.claim(),
    disclosure: (await world.disclosed()).disclosure,
    receipt: await world.receipt(),
  };
  return readReceiptFile(packReceiptFile(statements));
}

async function disclosureWith(world: World, edits: Partial<Disclosure>): Promise<string> {
  const { statement } = await openIntroduced("Disclosure", (await world.disclosed()).disclosure);
  return sign("Disclosure", { ...statement, ...edits }, world.browser, { introduce: true });
}

test("a valid file passes every step", async () => {
  const world = await World.make();
  const { grant, token, checked, disclosure, receipt } = await checkReceiptFile(await fileOf(world));
  assert.equal(grant.pool, token.aud);
  assert.equal(checked.roster.operator, "Example Ltd");
  assert.equal(disclosure.n, 1);
  assert.equal(receipt.exit_kind, "normal");
});

test("a job that opened nothing has a valid receipt too", async () => {
  const world = await World.make();
  const receipt = await world.receipt({ opened_at: null, exit_kind: "unused", images: 0, result: null });
  assert.equal((await checkReceiptFile({ ...(await fileOf(world)), receipt })).receipt.opened_at, null);
});

test("each edit is refused under its own code", async () => {
  const [world, thief, spy] = [await World.make(), await World.make("thief"), await signerNamed("spy")];
  const file = await fileOf(world);
  const { statement: receipt } = await openSigned("ErasureReceipt", file.receipt, world.worker.jwk);
  const edits: [string, string, Partial<ReceiptFile>][] = [
    ["another gateway", "unknown-key", { gateway_key: world.worker.jwk }],
    ["a key that is none", "bad-field", { gateway_key: { ...world.gateway.jwk, x: "AAAA" } }],
    ["a consent by somebody else", "wrong-holder", { grant: await thief.grant() }],
    ["a consent to less", "grant-mismatch", { grant: await world.grant({ max_images: 1 }) }],
    ["a token that was over", "token-expired", { disclosure: await disclosureWith(world, { issued_at: NOW + 900 }) }],
    ["an offer for another region", "token-expired", { offer: text(await world.offer({ region: "elsewhere" })) }],
    ["an offer under another token", "token-expired", { offer: text(await world.offer({ token: "0".repeat(64) })) }],
    ["an offer with a space in it", "not-canonical", { offer: file.offer.replace(":1,", ": 1,") }],
    ["a roster entry over", "claim-mismatch", { roster: await world.roster({ not_after: NOW }) }],
    ["a claim of another offer", "claim-mismatch", { claim: await world.claim({ offer: "0".repeat(64) }) }],
    [
      "a disclosure to another claim",
      "claim-mismatch",
      { disclosure: await disclosureWith(world, { claim: "0".repeat(64) }) },
    ],
    ["a disclosure too many", "claim-mismatch", { disclosure: await disclosureWith(world, { n: 2 }) }],
    ["a disclosure by a thief", "wrong-holder", { disclosure: (await thief.disclosed()).disclosure }],
    ["a receipt for another job", "receipt-mismatch", { receipt: await world.receipt({ claim: "0".repeat(64) }) }],
    [
      "a receipt for another program",
      "receipt-mismatch",
      { receipt: await world.receipt({ software: "0".repeat(64) }) },
    ],
    ["a receipt that ends first", "receipt-mismatch", { receipt: await world.receipt({ exited_at: NOW - 100 }) }],
    [
      "a receipt by somebody else",
      "unknown-key",
      { receipt: await sign("ErasureReceipt", receipt, spy, { introduce: false }) },
    ],
  ];
  for (const [name, code, edit] of edits) {
    assert.equal(await refusal(() => checkReceiptFile({ ...file, ...edit })), code, name);
  }
});

test("a receipt must be about the result that came", async () => {
  const world = await World.make();
  const { offerHash, claimHash, worker } = await world.checked();
  const about = { worker, offer: offerHash, claim: claimHash };
  const unused = await world.receipt({ result: null, images: 0 });
  assert.equal((await checkReceipt(unused, { ...about, result: null })).images, 0);
  assert.equal(await refusal(() => checkReceipt(unused, { ...about, result: "0".repeat(64) })), "receipt-mismatch");
});
