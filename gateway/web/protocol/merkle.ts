// The SHA-256 tree of RFC 9162 section 2.1, as far as a verifier needs it. The twin of schemas/merkle.py.

import { LikenessError } from "./errors.ts";
import { concat, sameBytes, sha256, type Bytes } from "./scalars.ts";

export const HASH_BYTES = 32;

/** The longest path in a tree of fewer than 2**53 leaves. */
export const MAX_PROOF_HASHES = 53;

/** The root of a tree without leaves. */
export async function emptyRoot(): Promise<Bytes> {
  return sha256(new Uint8Array());
}

/** The hash of the leaf that holds `entry` (RFC 9162 2.1.1). */
export async function leafHash(entry: Bytes): Promise<Bytes> {
  return sha256(concat(Uint8Array.of(0), entry));
}

/** The hash of the node above two 32-byte hashes (RFC 9162 2.1.1). */
async function nodeHash(left: Bytes, right: Bytes): Promise<Bytes> {
  return sha256(concat(Uint8Array.of(1), left, right));
}

/**
 * The root of the tree of `size` leaves in which `leaf` (a leaf hash) stands at `index` (RFC 9162 2.1.3.2). `proof` goes
 * from the leaf's sibling up to a child of the root. The caller compares the result with a root that it trusts.
 *
 * @throws proof-invalid: `index` is not in such a tree, or `proof` is not of the length that it has there.
 */
export async function rootFromInclusion(
  index: number,
  size: number,
  leaf: Bytes,
  proof: readonly Bytes[],
): Promise<Bytes> {
  need(isSize(index) && isSize(size) && index < size, "the index is not in the tree");
  need([leaf, ...proof].every(isHash), "a hash is not 32 bytes long");
  const path = new Path(index, size - 1);
  let root = leaf;
  for (const sibling of proof) {
    root = path.climb() === "left" ? await nodeHash(sibling, root) : await nodeHash(root, sibling);
  }
  path.end();
  return root;
}

/**
 * Returns only if the tree of `newSize` begins with all leaves of the one of `oldSize` (RFC 9162 2.1.4.2). From the empty
 * tree to any tree, and from a tree to itself, the proof is empty.
 *
 * @throws proof-invalid: the new tree is smaller, forked, or not the one that the proof describes.
 */
export async function checkConsistency(
  oldSize: number,
  newSize: number,
  oldRoot: Bytes,
  newRoot: Bytes,
  proof: readonly Bytes[],
): Promise<void> {
  need(isSize(oldSize) && isSize(newSize) && oldSize <= newSize, "the tree has not grown");
  need([oldRoot, newRoot, ...proof].every(isHash), "a hash is not 32 bytes long");
  const empty = await emptyRoot();
  if (oldSize === 0) need(sameBytes(oldRoot, empty));
  if (newSize === 0) need(sameBytes(newRoot, empty));
  if (oldSize === newSize) need(sameBytes(oldRoot, newRoot));
  if (oldSize === 0 || oldSize === newSize) return need(proof.length === 0);
  const path = new Path(oldSize - 1, newSize - 1);
  // Where the old tree is one whole subtree of the new one, its root is where the path starts.
  const [first, ...rest] = path.skipRight() ? [oldRoot, ...proof] : proof;
  if (!first) throw new LikenessError("proof-invalid", "the proof is too short");
  let [old, grown] = [first, first];
  for (const sibling of rest) {
    if (path.climb() === "left") {
      [old, grown] = [await nodeHash(sibling, old), await nodeHash(sibling, grown)];
    } else {
      grown = await nodeHash(grown, sibling);
    }
  }
  path.end();
  need(sameBytes(old, oldRoot) && sameBytes(grown, newRoot));
}

/** The way up: the numbers of a node and of the last one on its level. Numbers beyond 2**31, so no bit operators. */
class Path {
  private node: bigint;
  private last: bigint;

  constructor(node: number, last: number) {
    this.node = BigInt(node);
    this.last = BigInt(last);
  }

  /** One level up, past those where a last node without a sibling moves up unchanged; on which side the sibling stood. */
  climb(): "left" | "right" {
    need(this.last !== 0n, "the proof is too long");
    const side = isOdd(this.node) || this.node === this.last ? "left" : "right";
    if (side === "left") while (this.node !== 0n && !isOdd(this.node)) this.up();
    this.up();
    return side;
  }

  /** Up while the node is a right child; whether that led to the leftmost node, so that all before it is one subtree. */
  skipRight(): boolean {
    while (isOdd(this.node)) this.up();
    return this.node === 0n;
  }

  end(): void {
    need(this.last === 0n, "the proof is too short");
  }

  private up(): void {
    this.node >>= 1n;
    this.last >>= 1n;
  }
}

function isOdd(value: bigint): boolean {
  return (value & 1n) === 1n;
}

function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function isHash(raw: Bytes): boolean {
  return raw.length === HASH_BYTES;
}

function need(holds: boolean, detail?: string): void {
  if (!holds) throw new LikenessError("proof-invalid", detail);
}
