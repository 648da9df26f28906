// Checkpoints: what a log says it holds, and when a witness saw it say so. The twin of schemas/checkpoint.py, for reading.

import { LikenessError } from "./errors.ts";
import { HASH_BYTES, emptyRoot } from "./merkle.ts";
import { readBase64, readDecimal, signaturesBy, verify, type Note, type VerifierKey } from "./note.ts";
import { sameBytes, utf8, type Bytes } from "./scalars.ts";

const COSIGNATURE_BYTES = 8 + 64;

/** The head of a log. */
export interface Checkpoint {
  /** The log's name. */
  readonly origin: string;
  /** Leaves in the tree. */
  readonly size: number;
  readonly root: Bytes;
}

/**
 * The checkpoint that a note's `text` spells. Whether its log said so is for the signatures to tell.
 *
 * @throws note-malformed: not three lines of origin, size and root, or an empty tree with another root than it has.
 */
export async function readCheckpoint(text: string): Promise<Checkpoint> {
  const [origin = "", size = "", root = "", end, ...more] = text.split("\n");
  if (origin === "" || end !== "" || more.length > 0) {
    throw new LikenessError("note-malformed", "not a checkpoint of three lines");
  }
  const checkpoint = { origin, size: readDecimal(size), root: readBase64(root, HASH_BYTES) };
  if (checkpoint.size === 0 && !sameBytes(checkpoint.root, await emptyRoot())) {
    throw new LikenessError("note-malformed", "an empty tree has one root");
  }
  return checkpoint;
}

/**
 * The times (seconds) at which `witness` cosigned `note`: none, one, or more.
 *
 * @throws note-untrusted: a cosignature says that it is by `witness` and is not.
 */
export async function cosignedAt(note: Note, witness: VerifierKey): Promise<number[]> {
  return Promise.all(signaturesBy(note, witness).map((value) => timeOf(witness, value, note.text)));
}

async function timeOf(witness: VerifierKey, value: Bytes, text: string): Promise<number> {
  if (value.length !== COSIGNATURE_BYTES) throw new LikenessError("note-untrusted", "a cosignature has another length");
  const at = new DataView(value.buffer, value.byteOffset).getBigUint64(0);
  if (at > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new LikenessError("note-untrusted", "a cosignature of a time that cannot be");
  }
  await verify(witness, value.slice(8), utf8(`cosignature/v1\ntime ${at}\n${text}`));
  return Number(at);
}
