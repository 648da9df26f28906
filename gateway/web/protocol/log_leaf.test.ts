import assert from "node:assert/strict";
import { test } from "node:test";

import { refusal } from "../testing/refusal.ts";
import { seed } from "../testing/world.ts";
import { commitment, type CommitmentTo } from "./log_leaf.ts";
import { toHex } from "./scalars.ts";

test("a leaf is of one kind, one salt and one statement", async () => {
  const kinds: CommitmentTo[] = ["consent", "erasure", "revocation"];
  const leaves = new Set<string>();
  for (const kind of kinds) {
    for (const salt of [await seed("a"), await seed("b")]) {
      for (const jws of ["x.y.z", "x.y.zz"]) leaves.add(toHex(await commitment(kind, salt, jws)));
    }
  }
  assert.equal(leaves.size, 12);
});

test("a salt has 32 bytes", async () => {
  for (const length of [0, 31, 33]) {
    assert.equal(await refusal(() => commitment("consent", new Uint8Array(length), "x.y.z")), "bad-field");
  }
});
