import assert from "node:assert/strict";
import { test } from "node:test";

import { refusal } from "../testing/refusal.ts";
import { World } from "../testing/world.ts";
import { readFragment } from "./fragment.ts";

test("an address without a fragment names no company", () => {
  for (const hash of ["", "#"]) assert.deepEqual(readFragment(hash), { company: null });
});

test("an address may name a company root", async () => {
  const { company } = await World.make();
  assert.deepEqual(readFragment(`#company=${company.jwk.x}`), { company: company.jwk });
});

test("a root that cannot be read does not become no root", async () => {
  const { x } = (await World.make()).company.jwk;
  const loose = `${x.slice(0, -1)}${x.endsWith("B") ? "C" : "B"}`; // the same 32 bytes and two bits more
  for (const hash of [
    "#company=",
    `#company=${x.slice(1)}`,
    `#company=${x}A`,
    `#company=${x}=`,
    `#company=${x}&company=${x}`,
    `#company=${x}\n`,
    `#Company=${x}`,
    `#company=${loose}`,
    `#company=%41${x.slice(1)}`,
    `#${x}`,
    `company=${x}`,
    "#page",
  ]) {
    assert.equal(await refusal(() => readFragment(hash)), "setting-invalid", hash);
  }
});
