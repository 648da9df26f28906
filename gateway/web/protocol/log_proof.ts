// That an entry stands in the log, as a text that anyone can check offline (C2SP tlog-proof).
//
// The twin of schemas/log_proof.py, for reading. The optional `extra` line of C2SP is refused: nothing authenticates it.

import { LikenessError } from "./errors.ts";
import { openCheckpoint, readPolicy } from "./log_policy.ts";
import { HASH_BYTES, MAX_PROOF_HASHES, leafHash, rootFromInclusion } from "./merkle.ts";
import { MAX_NOTE_BYTES, readBase64, readDecimal } from "./note.ts";
import { sameBytes, type Bytes } from "./scalars.ts";

const MAGIC = "c2sp.org/tlog-proof@v1";
const MAX_PROOF_LENGTH = MAX_NOTE_BYTES + 4096;

/** What a proof proves. */
export interface Included {
  readonly index: number;
  /** Leaves in the tree of the checkpoint. */
  readonly size: number;
  /** When a quorum of witnesses saw that checkpoint (seconds); null where the policy asks for no witness. */
  readonly at: number | null;
  readonly witnesses: readonly string[];
}

/**
 * Returns only if `entry` stands in the log of the policy (spec/transparency-log.md section 5, in its order). With `now`
 * (seconds) the checkpoint must also be fresh; without, the proof holds for ever.
 *
 * @throws policy-invalid: `policyText` is not a policy.
 * @throws note-malformed: `proofText` is not a proof.
 * @throws note-untrusted, checkpoint-unwitnessed, checkpoint-stale: see `openCheckpoint`.
 * @throws proof-invalid: the hashes do not lead from `entry` to the checkpoint's root.
 */
export async function checkInclusion(
  policyText: string,
  proofText: string,
  entry: Bytes,
  now: number | null,
): Promise<Included> {
  const policy = await readPolicy(policyText);
  const { index, hashes, note } = readProof(proofText);
  const { checkpoint, at, witnesses } = await openCheckpoint(policy, note, now);
  const root = await rootFromInclusion(index, checkpoint.size, await leafHash(entry), hashes);
  if (!sameBytes(root, checkpoint.root)) throw new LikenessError("proof-invalid");
  return { index, size: checkpoint.size, at, witnesses };
}

interface Proof {
  readonly index: number;
  readonly hashes: readonly Bytes[];
  readonly note: string;
}

function readProof(text: string): Proof {
  const cut = text.indexOf("\n\n");
  const [magic, index = "", ...hashes] = text.slice(0, Math.max(cut, 0)).split("\n");
  const isWhole = text.length <= MAX_PROOF_LENGTH && cut >= 0 && hashes.length <= MAX_PROOF_HASHES;
  if (!isWhole || magic !== MAGIC || !index.startsWith("index ")) {
    throw new LikenessError("note-malformed", "not a log proof");
  }
  return {
    index: readDecimal(index.slice("index ".length)),
    hashes: hashes.map((line) => readBase64(line, HASH_BYTES)),
    note: text.slice(cut + 2),
  };
}
