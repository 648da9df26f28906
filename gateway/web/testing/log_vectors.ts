// Runs the vectors of the log, and those that others published, through this side.

import { cosignedAt } from "../protocol/checkpoint.ts";
import { LikenessError } from "../protocol/errors.ts";
import { openCheckpoint, readPolicy } from "../protocol/log_policy.ts";
import { checkInclusion } from "../protocol/log_proof.ts";
import { checkConsistency, emptyRoot, leafHash, rootFromInclusion } from "../protocol/merkle.ts";
import { isSigned, readBase64, readNote, readVkey, verify } from "../protocol/note.ts";
import { concat, fromHex, sameBytes, sha256, toHex, type Bytes } from "../protocol/scalars.ts";
import { SUITE } from "../protocol/sealing.ts";
import { hex, need, nowOrNever, number, same, text, texts, type Case, type Runner } from "./case.ts";
import { publicKeyOf } from "./worker_side.ts";

export const LOG_RUNNERS: Readonly<Record<string, Runner>> = {
  merkle: runMerkle,
  note: runNote,
  log_policy: async (given) => {
    const policy = await readPolicy(text(given, "policy"));
    if (given["op"] === "read") return;
    const opened = await openCheckpoint(policy, text(given, "note"), nowOrNever(given));
    need(JSON.stringify([opened.at, opened.witnesses]) === JSON.stringify([given["at"], given["witnesses"]]));
  },
  log_proof: async (given) => {
    const [policy, proof] = [text(given, "policy"), text(given, "proof")];
    const found = await checkInclusion(policy, proof, hex(given, "entry"), nowOrNever(given));
    const { index, size, at } = found;
    need(JSON.stringify([index, size, at]) === JSON.stringify([given["index"], given["size"], given["at"]]));
  },
  ed25519: async (given) => verify({ raw: hex(given, "key") }, hex(given, "sig"), hex(given, "msg")),
  xwing: runXWing,
};

async function runMerkle(given: Case): Promise<void> {
  if (given["op"] === "root") return same(await rootOf(texts(given, "entries").map(fromHex)), base64(given, "root"));
  const proof = texts(given, "proof").map((each) => readBase64(each));
  if (given["op"] === "inclusion") {
    const leaf = given["entry"] === undefined ? base64(given, "leaf") : await leafHash(hex(given, "entry"));
    const root = await rootFromInclusion(number(given, "index"), number(given, "size"), leaf, proof);
    if (!sameBytes(root, base64(given, "root"))) throw new LikenessError("proof-invalid");
  } else {
    const [oldSize, newSize] = [number(given, "old_size"), number(given, "new_size")];
    await checkConsistency(oldSize, newSize, base64(given, "old_root"), base64(given, "new_root"), proof);
  }
}

/** MTH of RFC 9162 2.1.1, by its definition. */
async function rootOf(entries: readonly Bytes[]): Promise<Bytes> {
  const [first, second] = entries;
  if (!first) return emptyRoot();
  if (!second) return leafHash(first);
  let split = 1;
  while (2 * split < entries.length) split *= 2;
  return sha256(concat(Uint8Array.of(1), await rootOf(entries.slice(0, split)), await rootOf(entries.slice(split))));
}

async function runNote(given: Case): Promise<void> {
  const key = await readVkey(text(given, "vkey"));
  if (given["op"] === "note" && !(await isSigned(readNote(text(given, "note")), key))) {
    throw new LikenessError("note-untrusted");
  }
  if (given["op"] === "cosignature") {
    const at = await cosignedAt(readNote(text(given, "note")), key);
    need(JSON.stringify(at) === JSON.stringify(given["at"]));
  }
}

/** Seed to key pair, encapsulation from the published entropy, decapsulation. */
async function runXWing(given: Case): Promise<void> {
  const [seed, enc, secret] = [hex(given, "seed"), base64(given, "enc"), text(given, "shared_secret")];
  const recipientKey = await SUITE.kem.importKey("raw", seed.slice().buffer, false);
  const found = await SUITE.kem.decap({ recipientKey, enc: enc.slice().buffer });
  if (toHex(new Uint8Array(found)) !== secret) throw new LikenessError("cannot-open");
  const publicKey = base64(given, "public");
  same(await publicKeyOf(seed), publicKey);
  const recipientPublicKey = await SUITE.kem.importKey("raw", publicKey.slice().buffer, true);
  const made = await SUITE.kem.encap({ recipientPublicKey, ekm: hex(given, "entropy") });
  same(new Uint8Array(made.enc), enc);
  need(toHex(new Uint8Array(made.sharedSecret)) === secret);
}

function base64(given: Case, field: string): Bytes {
  return readBase64(text(given, field));
}
