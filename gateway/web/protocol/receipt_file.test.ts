// Edits of these files are vectors: schemas/vectors/consent_file.json and receipt_file.json.

import assert from "node:assert/strict";
import { test } from "node:test";

import { refusal } from "../testing/refusal.ts";
import { NOW, World } from "../testing/world.ts";
import { checkConsentFile, packConsentFile, readConsentFile } from "./consent_file.ts";
import { checkReceipt } from "./erasure.ts";
import { checkReceiptFile, packReceiptFile, readReceiptFile } from "./receipt_file.ts";

test("a consent file says who agreed to what, and where it stands", async () => {
  const world = await World.make();
  const file = readConsentFile(packConsentFile(await world.consentFile()));
  const { grant, holder, token, listed } = await checkConsentFile(file);
  assert.equal(grant.pool, token.aud);
  assert.equal(holder, world.browser.kid);
  assert.equal(listed.index, 0);
});

test("a consent to a volunteer's machine is kept with the promise of that pool", async () => {
  const world = await World.make("browser", { pool: "volunteer" });
  const { grant } = await checkConsentFile(await world.consentFile());
  assert.equal(grant.volunteer_machine, "yes");
});

test("a receipt file holds the consent and all that followed", async () => {
  const world = await World.make();
  const file = readReceiptFile(packReceiptFile(await world.receiptFile()));
  const { consent, claim, disclosure, receipt, logged } = await checkReceiptFile(file);
  assert.equal(consent.token.cnf, world.browser.kid);
  assert.equal(claim.roster.operator, "Example Ltd");
  assert.equal(disclosure.n, 1);
  assert.equal(receipt.exit_kind, "normal");
  assert.deepEqual([claim.listed.index, logged.index, logged.at], [1, 2, NOW]);
});

test("a receipt must be about the result that came", async () => {
  const world = await World.make();
  const { offerHash, claimHash, worker } = await world.checked();
  const about = { worker, offer: offerHash, claim: claimHash };
  const unused = await world.receipt({ result: null, images: 0 });
  assert.equal((await checkReceipt(unused, { ...about, result: null })).images, 0);
  assert.equal(await refusal(() => checkReceipt(unused, { ...about, result: "0".repeat(64) })), "receipt-mismatch");
});
