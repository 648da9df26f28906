import assert from "node:assert/strict";
import { test } from "node:test";

import { compactVerify, calculateJwkThumbprint, importJWK } from "jose";

import { refusal } from "../testing/refusal.ts";
import { World, signerNamed } from "../testing/world.ts";
import { makeKeyPair, openIntroduced, openSigned, sign, signerOf, thumbprint } from "./signing.ts";
import { toB64u, utf8 } from "./scalars.ts";

test("a JOSE library that we did not write agrees with ours", async () => {
  const world = await World.make();
  const jws = await world.grant();
  const { payload, protectedHeader } = await compactVerify(jws, await importJWK(world.browser.jwk, "Ed25519"), {
    algorithms: ["Ed25519"],
  });
  assert.deepEqual(
    JSON.parse(new TextDecoder().decode(payload)),
    (await openIntroduced("ConsentGrant", jws)).statement,
  );
  assert.deepEqual(protectedHeader, {
    alg: "Ed25519",
    jwk: world.browser.jwk,
    kid: world.browser.kid,
    typ: "likeness-grant+jwt",
  });
  assert.equal(await calculateJwkThumbprint(world.browser.jwk), await thumbprint(world.browser.jwk));
});

test("a new key signs, and no script can have its private half", async () => {
  const pair = await makeKeyPair();
  const signer = await signerOf(pair);
  const problem = { kind: "likeness/problem/v1", code: "no-worker", detail: "" } as const;
  const jws = await sign("Problem", problem, signer, { introduce: false });
  assert.deepEqual(await openSigned("Problem", jws, signer.jwk), {
    statement: problem,
    key: signer.jwk,
    kid: signer.kid,
  });
  assert.equal(pair.privateKey.extractable, false);
  await assert.rejects(crypto.subtle.exportKey("pkcs8", pair.privateKey));
});

test("every letter of a statement matters", async () => {
  const world = await World.make();
  const jws = await world.roster();
  for (let at = 0; at < jws.length; at += 7) {
    const altered = `${jws.slice(0, at)}${jws[at] === "A" ? "B" : "A"}${jws.slice(at + 1)}`;
    assert.notEqual(
      await refusal(() => openSigned("RosterEntry", altered, world.gateway.jwk)),
      "accept",
      `letter ${at}`,
    );
  }
});

test("the last letter of a signature has one spelling", async () => {
  const world = await World.make();
  const jws = await world.roster();
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  for (const letter of letters) {
    if (jws.endsWith(letter)) continue;
    const altered = jws.slice(0, -1) + letter;
    assert.equal(await refusal(() => openSigned("RosterEntry", altered, world.gateway.jwk)), "bad-signature", letter);
  }
});

test("a statement by any of the listed keys is opened, and says by which", async () => {
  const [world, other] = [await World.make(), await signerNamed("other")];
  const jws = await world.roster();
  for (const keys of [
    [world.gateway.jwk, other.jwk],
    [other.jwk, world.gateway.jwk],
  ]) {
    assert.equal((await openSigned("RosterEntry", jws, ...keys)).kid, world.gateway.kid);
  }
  assert.equal(await refusal(() => openSigned("RosterEntry", jws, other.jwk)), "unknown-key");
  assert.equal(await refusal(() => openSigned("RosterEntry", jws)), "unknown-key");
});

test("a header may introduce no other key than the one that is trusted", async () => {
  const [world, other] = [await World.make(), await signerNamed("other")];
  const posing = { ...world.gateway, jwk: other.jwk };
  const problem = { kind: "likeness/problem/v1", code: "no-worker", detail: "" } as const;
  const jws = await sign("Problem", problem, posing, { introduce: true });
  assert.equal(await refusal(() => openSigned("Problem", jws, world.gateway.jwk)), "bad-header");
  assert.equal(await refusal(() => openIntroduced("Problem", jws)), "bad-header");
});

test("a header with a short key, with a space or with a null is refused", async () => {
  const { browser } = await World.make();
  const [, payload = "", signature = ""] = (await (await World.make()).grant()).split(".");
  const kid = browser.kid;
  for (const jwk of ['{"crv":"Ed25519","kty":"OKP","x":"AAAA"}', "null", '{"crv":"P-256","kty":"OKP","x":"AAAA"}']) {
    const head = toB64u(utf8(`{"alg":"Ed25519","jwk":${jwk},"kid":"${kid}","typ":"likeness-grant+jwt"}`));
    assert.equal(
      await refusal(() => openIntroduced("ConsentGrant", `${head}.${payload}.${signature}`)),
      "bad-header",
      jwk,
    );
  }
});
