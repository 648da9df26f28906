// What stands in the log, as far as a browser looks for it (spec/transparency-log.md 2). The twin of schemas/log_leaf.py.

import { LikenessError } from "./errors.ts";
import { concat, sha256, utf8, type Bytes } from "./scalars.ts";

/** Length of every salt. */
export const SALT_BYTES = 32;

export type CommitmentTo = "consent" | "erasure" | "revocation";

/**
 * SHA-256("likeness/<to>-leaf/v1" || salt || SHA-256(jws)), 32 bytes.
 *
 * `salt` is 32 bytes: of a consent the grant's `salt_commitment` (`jws` is the token), of a revocation and of a receipt
 * their own `salt`.
 *
 * @throws bad-field: the salt has another length.
 */
export async function commitment(to: CommitmentTo, salt: Bytes, jws: string): Promise<Bytes> {
  if (salt.length !== SALT_BYTES) throw new LikenessError("bad-field", "a salt has 32 bytes");
  return sha256(concat(utf8(`likeness/${to}-leaf/v1`), salt, await sha256(utf8(jws))));
}

/** The entry of a roster entry: the statement as the gateway signed it. */
export function rosterEntry(rosterJws: string): Bytes {
  return utf8(rosterJws);
}
