import assert from "node:assert/strict";
import { test } from "node:test";

import { refusal } from "../testing/refusal.ts";
import { NOW, World, seed } from "../testing/world.ts";
import { makeRevocation, openAdmitted, openRevoked, openToken, saltCommitment } from "./consent.ts";
import { digest, digestOfText, fromB64u } from "./scalars.ts";
import { openIntroduced } from "./signing.ts";
import type { ConsentGrant } from "./wire.ts";

test("a grant brings its key and names each style once, in order", async () => {
  const world = await World.make();
  const { statement, kid } = await openIntroduced("ConsentGrant", await world.grant());
  assert.deepEqual(statement.styles, ["plain", "studio"]);
  assert.equal(kid, world.browser.kid);
  assert.equal(statement.salt_commitment, await saltCommitment(await seed("salt")));
  assert.equal(await saltCommitment(await seed("salt")), await digest(await seed("salt")));
});

test("a grant with a field out of range is not signed into a valid one", async () => {
  const world = await World.make();
  const grant = await world.grant({ max_images: 9 });
  assert.equal(await refusal(() => openIntroduced("ConsentGrant", grant)), "bad-field");
});

test("a volunteer's machine gets its own yes, and no other pool can borrow it", async () => {
  const world = await World.make();
  const said: [ConsentGrant["pool"], ConsentGrant["volunteer_machine"], string][] = [
    ["volunteer", "yes", "accept"],
    ["volunteer", "no", "wrong-pool"],
    ["company", "yes", "wrong-pool"],
    ["attested", "yes", "wrong-pool"],
    ["attested", "no", "accept"],
  ];
  for (const [pool, volunteer_machine, code] of said) {
    assert.equal(await refusal(() => world.grant({ pool, volunteer_machine })), code, `${pool} ${volunteer_machine}`);
  }
});

test("a token is opened for the grant that was sent, by this gateway, in its time", async () => {
  const world = await World.make();
  const grant = await world.grant();
  const expected = { gateway: [world.gateway.jwk], grant, now: NOW };
  const token = await openToken(await world.token(), expected);
  assert.equal(token.cnf, world.browser.kid);
  const thief = await World.make("thief");
  const refusals: [string, Promise<string>, object][] = [
    ["token-expired", world.token(), { now: NOW + 900 }],
    ["token-expired", world.token(), { now: NOW - 61 }],
    ["unknown-key", world.token(), { gateway: [world.worker.jwk] }],
    ["unknown-key", world.token(), { gateway: [] }],
    ["wrong-holder", world.token(), { grant: await thief.grant() }],
    ["grant-mismatch", world.token(), { grant: await world.grant({ nonce: "44".repeat(16) }) }],
    ["grant-mismatch", world.token({ max_images: 3 }), {}],
    ["grant-mismatch", world.token({ styles: ["plain", "zoo"] }), {}],
    ["grant-mismatch", world.token({ region: "elsewhere" }), {}],
    ["grant-mismatch", world.token({ exp: NOW + 901 }), {}],
  ];
  for (const [code, jws, edits] of refusals) {
    assert.equal(await refusal(async () => openToken(await jws, { ...expected, ...edits })), code);
  }
});

test("an admission gives the token and where its leaf stands", async () => {
  const world = await World.make();
  const expected = { gateway: [world.gateway.jwk], grant: await world.grant(), now: NOW };
  const opened = await openAdmitted(await world.admitted(), { ...expected, policy: world.log.policyText });
  assert.equal(opened.tokenJws, await world.token());
  assert.equal(opened.token.grant, await digestOfText(expected.grant));
  assert.deepEqual(opened.listed, { index: 0, size: 1, at: NOW, witnesses: ["w0", "w1"] });
  const later = { ...expected, policy: world.log.policyText, now: NOW + 601 };
  const raw = await world.admitted();
  assert.equal(await refusal(() => openAdmitted(raw, later)), "checkpoint-stale");
});

test("a withdrawal names the token and is salted afresh", async () => {
  const world = await World.make();
  const tokenJws = await world.token();
  const about = { jti: "11".repeat(16), tokenJws, issued_at: NOW };
  const [one, other] = [await makeRevocation(world.browser, about), await makeRevocation(world.browser, about)];
  const { statement, kid } = await openIntroduced("Revocation", one.statement);
  assert.equal(kid, world.browser.kid);
  assert.deepEqual([statement.jti, statement.token], [about.jti, await digestOfText(tokenJws)]);
  assert.deepEqual(fromB64u(statement.salt, 32), one.salt);
  assert.notDeepEqual(one.salt, other.salt);
});

test("the answer to a withdrawal proves that withdrawal, and no other", async () => {
  const world = await World.make();
  const withdrawal = await world.withdrawal();
  const tokenJws = await world.token();
  const expected = { withdrawal, tokenJws, policy: world.log.policyText, now: NOW };
  const raw = await world.revoked(withdrawal);
  assert.equal((await openRevoked(raw, expected)).disclosures, 0);
  const about = { jti: "11".repeat(16), tokenJws, issued_at: NOW };
  const second = await makeRevocation(world.browser, about);
  assert.equal(await refusal(() => openRevoked(raw, { ...expected, withdrawal: second })), "proof-invalid");
  assert.equal(await refusal(() => openRevoked(raw, { ...expected, tokenJws: "another" })), "grant-mismatch");
});
