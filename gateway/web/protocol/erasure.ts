// The erasure receipt: a worker's signed statement of what ran and how it ended (spec/erasure-receipt.md).
//
// The twin of schemas/erasure.py. A signature says who said it, not that it is true.

import { LikenessError } from "./errors.ts";
import { commitment, SALT_BYTES } from "./log_leaf.ts";
import { fromB64u } from "./scalars.ts";
import { openSigned, thumbprint } from "./signing.ts";
import { checkInclusion, type Included } from "./log_proof.ts";
import type { ErasureReceipt, Jwk } from "./wire.ts";

/** What a receipt must be about. */
export interface ReceiptExpectation {
  readonly worker: Jwk;
  /** SHA-256 of the offer's bytes. */
  readonly offer: string;
  /** SHA-256 of the claim's JWS. */
  readonly claim: string;
  /** SHA-256 over all sealed chunks that came, null for none. */
  readonly result: string | null;
}

/**
 * The receipt in `jws` when it is by `worker` about this very job (spec/erasure-receipt.md section 3).
 *
 * @throws bad-header, bad-signature, unknown-key, ...: see `openSigned`.
 * @throws receipt-mismatch: about another offer, claim or result.
 */
export async function checkReceipt(jws: string, about: ReceiptExpectation): Promise<ErasureReceipt> {
  const { statement: receipt } = await openSigned("ErasureReceipt", jws, about.worker);
  const isSame =
    receipt.offer === about.offer &&
    receipt.claim === about.claim &&
    receipt.result === about.result &&
    receipt.worker === (await thumbprint(about.worker));
  if (!isSame) throw new LikenessError("receipt-mismatch");
  return receipt;
}

/**
 * Where in the log the receipt stands. With `now` the checkpoint must be fresh; with null the proof holds for ever.
 *
 * @throws bad-field: the salt has another length than 32 bytes.
 * @throws note-malformed, proof-invalid, ...: see `checkInclusion`.
 */
export async function checkReceiptProof(
  receipt: ErasureReceipt,
  jws: string,
  proof: string,
  { policy, now }: { readonly policy: string; readonly now: number | null },
): Promise<Included> {
  const leaf = await commitment("erasure", fromB64u(receipt.salt, SALT_BYTES), jws);
  return checkInclusion(policy, proof, leaf, now);
}
