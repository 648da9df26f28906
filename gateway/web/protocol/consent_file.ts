// The consent as a file that the person keeps, and its check without any network (spec/consent-token.md 6).
//
// The twin of schemas/consent_file.py.

import { decode, encode } from "./canonical.ts";
import { checkGrantOfToken, consentLeaf, saltCommitment } from "./consent.ts";
import { LikenessError } from "./errors.ts";
import { SALT_BYTES } from "./log_leaf.ts";
import { digestOfText, fromB64u, type Bytes } from "./scalars.ts";
import { openIntroduced, openSigned } from "./signing.ts";
import { checkInclusion, type Included } from "./log_proof.ts";
import { PROMISES, type ConsentFile, type ConsentGrant, type ConsentToken } from "./wire.ts";

const KEY_BYTES = 32;

/** What a consent file holds once every step was followed. */
export interface CheckedConsent {
  readonly grant: ConsentGrant;
  /** Thumbprint of K_u. */
  readonly holder: string;
  readonly token: ConsentToken;
  readonly listed: Included;
}

/** The file with these `fields`, as a value. */
export function consentFile(fields: Omit<ConsentFile, "kind">): ConsentFile {
  return { ...fields, kind: "likeness/consent-file/v1" };
}

/** The bytes of the file with these `fields`. */
export function packConsentFile(fields: Omit<ConsentFile, "kind">): Bytes {
  return encode("ConsentFile", consentFile(fields));
}

/** The consent file in `raw`. Nothing in it is verified yet. */
export function readConsentFile(raw: Bytes): ConsentFile {
  return decode("ConsentFile", raw);
}

/**
 * What `file` holds, when all of it belongs together (spec/consent-token.md 6.2, in its order). Judged without a clock.
 *
 * @throws bad-header, bad-signature, unknown-key, ...: a statement cannot be read, or is signed by another key.
 * @throws notice-outdated, grant-mismatch, wrong-holder: something in it is about another consent.
 * @throws note-malformed, note-untrusted, checkpoint-unwitnessed, proof-invalid, policy-invalid: see `checkInclusion`.
 */
export async function checkConsentFile(file: ConsentFile): Promise<CheckedConsent> {
  for (const { x } of file.gateway_keys) fromB64u(x, KEY_BYTES);
  const { statement: said } = await openIntroduced("ConsentGrant", file.grant);
  if (said.notice !== (await digestOfText(file.notice))) {
    throw new LikenessError("notice-outdated", "the notice in the file is not the one that was agreed to");
  }
  if (file.promise !== PROMISES[said.pool]) {
    throw new LikenessError("notice-outdated", "the pool's promise in the file is not the one of this version");
  }
  const { statement: token } = await openSigned("ConsentToken", file.token, ...file.gateway_keys);
  const { grant, holder } = await checkGrantOfToken(token, file.grant);
  if (grant.salt_commitment !== (await saltCommitment(fromB64u(file.salt, SALT_BYTES)))) {
    throw new LikenessError("grant-mismatch", "the salt is not the one of this consent");
  }
  const listed = await checkInclusion(file.policy, file.proof, await consentLeaf(grant, file.token), null);
  return { grant, holder, token, listed };
}
