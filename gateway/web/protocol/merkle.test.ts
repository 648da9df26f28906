import assert from "node:assert/strict";
import { test } from "node:test";

import { refusal } from "../testing/refusal.ts";
import { MAX_PROOF_HASHES, checkConsistency, emptyRoot, leafHash, rootFromInclusion } from "./merkle.ts";
import { concat, sha256, toHex, utf8, type Bytes } from "./scalars.ts";

const LEAF = await leafHash(utf8("an entry"));
const SIBLINGS = await Promise.all(Array.from({ length: MAX_PROOF_HASHES }, (_, i) => sha256(utf8(`sibling ${i}`))));

/** The root that a path with siblings on the right alone leads to. */
async function leftmost(siblings: readonly Bytes[]): Promise<Bytes> {
  let root = LEAF;
  for (const sibling of siblings) root = await sha256(concat(Uint8Array.of(1), root, sibling));
  return root;
}

test("trees beyond 2**32 leaves are climbed without loss", async () => {
  for (const levels of [31, 32, 33, 52]) {
    const path = SIBLINGS.slice(0, levels);
    const [size, expected] = [2 ** levels, toHex(await leftmost(path))];
    assert.equal(toHex(await rootFromInclusion(0, size, LEAF, path)), expected);
    assert.notEqual(toHex(await rootFromInclusion(size - 1, size, LEAF, path)), expected);
    assert.equal(await refusal(() => rootFromInclusion(0, size + 1, LEAF, path)), "proof-invalid");
    assert.equal(await refusal(() => rootFromInclusion(0, size - 1, LEAF, path.slice(1))), "proof-invalid");
  }
  const largest = Number.MAX_SAFE_INTEGER;
  assert.equal((await rootFromInclusion(largest - 1, largest, LEAF, SIBLINGS.slice(0, 52))).length, 32);
});

test("what is not a number of leaves is refused", async () => {
  for (const size of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    assert.equal(await refusal(() => rootFromInclusion(0, size, LEAF, [])), "proof-invalid", String(size));
    assert.equal(await refusal(() => rootFromInclusion(size, 1, LEAF, [])), "proof-invalid", String(size));
    assert.equal(await refusal(() => checkConsistency(size, 1, LEAF, LEAF, [])), "proof-invalid", String(size));
    assert.equal(await refusal(() => checkConsistency(1, size, LEAF, LEAF, [])), "proof-invalid", String(size));
  }
});

test("from the empty tree every tree may grow, once", async () => {
  const empty = await emptyRoot();
  await checkConsistency(0, 7, empty, LEAF, []);
  await checkConsistency(0, 0, empty, empty, []);
  assert.equal(await refusal(() => checkConsistency(0, 7, LEAF, LEAF, [])), "proof-invalid");
  assert.equal(await refusal(() => checkConsistency(0, 0, empty, LEAF, [])), "proof-invalid");
});
