// What this side signs and seals, from fixed seeds: schemas/vectors/from_typescript.json, written by `npm run vectors`.

import { decode } from "../protocol/canonical.ts";
import { packConsentFile } from "../protocol/consent_file.ts";
import { packJob } from "../protocol/job.ts";
import { packReceiptFile } from "../protocol/receipt_file.ts";
import { digestOfText, sha256, toB64u, toHex, utf8 } from "../protocol/scalars.ts";
import { context } from "../protocol/sealing.ts";
import { NOW, World } from "./world.ts";
import { openRequest, publicKeyOf } from "./worker_side.ts";

const LENGTH_BYTES = 4;

/** The text of the file: made of nothing but fixed seeds, so that a second run gives the same. */
export async function vectorsFromTypeScript(): Promise<string> {
  const world = await World.make();
  const cases = [
    await grantCase(world),
    await tokenCase(world),
    await admittedCase(world),
    await revocationCase(world),
    await jobCase(world),
    ...(await disclosureCases(world)),
    ...(await fileCases(world)),
  ];
  const about = "What the browser signs and seals; `like` names the file whose cases have the same fields.";
  return `${JSON.stringify({ about, made_by: "npm run vectors", cases }, null, 1)}\n`;
}

async function grantCase(world: World): Promise<object> {
  const notice = await digestOfText("a notice");
  const shared = { name: "a grant", like: "consent", op: "open_grant" };
  return { ...shared, grant: await world.grant(), notice, now: NOW, expect: "accept" };
}

async function tokenCase(world: World): Promise<object> {
  const [token, grant] = [await world.token(), await world.grant()];
  const shared = { name: "a token for that grant", like: "consent", op: "token_for_grant" };
  return { ...shared, token, grant, gateway: [world.gateway.jwk.x], now: NOW, expect: "accept" };
}

async function admittedCase(world: World): Promise<object> {
  const raw = text(await world.admitted());
  const shared = { name: "an admission of that grant", like: "consent", op: "admitted", raw, grant: await world.grant() };
  const policy = world.log.policyText;
  return { ...shared, gateway: [world.gateway.jwk.x], policy, now: NOW, expect: "accept" };
}

async function revocationCase(world: World): Promise<object> {
  const shared = { name: "a withdrawal", like: "revocation", op: "revocation" };
  return { ...shared, jws: (await world.withdrawal()).statement, now: NOW, expect: "accept" };
}

async function jobCase(world: World): Promise<object> {
  const token = await world.token();
  const body = await packJob(world.browser, { token, nonce: "22".repeat(16), images: 1, issued_at: NOW });
  const shared = { name: "a request for a job", like: "job", op: "job", jws: decode("JobBody", body).request };
  return { ...shared, holder: world.browser.kid, token: await digestOfText(token), now: NOW, expect: "accept" };
}

async function fileCases(world: World): Promise<object[]> {
  const [consent, receipt] = [packConsentFile(await world.consentFile()), packReceiptFile(await world.receiptFile())];
  return [
    { name: "a consent file", like: "consent_file", file: text(consent), expect: "accept" },
    { name: "a receipt file", like: "receipt_file", file: text(receipt), expect: "accept" },
  ];
}

async function disclosureCases(world: World): Promise<object[]> {
  const [checked, { disclosure, body }] = [await world.checked(), await world.disclosed()];
  const sealed = body.slice(LENGTH_BYTES + disclosure.length);
  const hashes = [await world.offer(), utf8(await world.claim()), utf8(disclosure)].map(sha256);
  const [offer, claim, said] = await Promise.all(hashes);
  if (!offer || !claim || !said) throw new Error("three hashes are needed");
  const info = await context(offer, claim, said);
  const shared = { like: "job", op: "disclosure", jws: disclosure, holder: world.browser.kid };
  const keys = { seed: toHex(world.hpkeSeed), public: toB64u(await publicKeyOf(world.hpkeSeed)) };
  const plaintext = await openRequest(sealed, world.hpkeSeed, info);
  return [
    { name: "a disclosure", ...shared, token: checked.offer.token, now: NOW, expect: "accept" },
    {
      name: "a sealed request",
      like: "sealing",
      ...keys,
      info: toHex(info),
      sealed: toB64u(sealed),
      plaintext: toHex(plaintext),
      expect: "accept",
    },
  ];
}

function text(raw: Uint8Array): string {
  return new TextDecoder().decode(raw);
}
