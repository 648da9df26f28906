import assert from "node:assert/strict";
import { test } from "node:test";

import { refusal } from "../testing/refusal.ts";
import { NOW, World, seed } from "../testing/world.ts";
import { commitment, openToken } from "./consent.ts";
import { digest } from "./scalars.ts";
import { openIntroduced } from "./signing.ts";

test("a grant brings its key and names each style once, in order", async () => {
  const world = await World.make();
  const { statement, kid } = await openIntroduced("ConsentGrant", await world.grant());
  assert.deepEqual(statement.styles, ["plain", "studio"]);
  assert.equal(kid, world.browser.kid);
  assert.equal(statement.salt_commitment, await commitment(await seed("salt")));
  assert.equal(await commitment(await seed("salt")), await digest(await seed("salt")));
});

test("a grant with a field out of range is not signed into a valid one", async () => {
  const world = await World.make();
  const grant = await world.grant({ max_images: 9 });
  assert.equal(await refusal(() => openIntroduced("ConsentGrant", grant)), "bad-field");
});

test("a token is opened for the grant that was sent, by this gateway, in its time", async () => {
  const world = await World.make();
  const grant = await world.grant();
  const expected = { gateway: world.gateway.jwk, grant, now: NOW };
  const token = await openToken(await world.token(), expected);
  assert.equal(token.cnf, world.browser.kid);
  const thief = await World.make("thief");
  const refusals: [string, Promise<string>, object][] = [
    ["token-expired", world.token(), { now: NOW + 900 }],
    ["token-expired", world.token(), { now: NOW - 61 }],
    ["unknown-key", world.token(), { gateway: world.worker.jwk }],
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
