// The file that a person keeps after a job, and its check without any network (spec/erasure-receipt.md section 4).
//
// The twin of schemas/receipt_file.py. It holds no likeness record and no image. The check says who said what; it does
// not say that a worker told the truth.

import { decode, encode } from "./canonical.ts";
import { openToken } from "./consent.ts";
import { checkConsentFile, type CheckedConsent } from "./consent_file.ts";
import { checkReceiptProof } from "./erasure.ts";
import { LikenessError } from "./errors.ts";
import { rosterEntry } from "./log_leaf.ts";
import { digest, digestOfText, fromB64u, utf8, type Bytes } from "./scalars.ts";
import { openIntroduced, openSigned, type Verified } from "./signing.ts";
import { checkInclusion, type Included } from "./log_proof.ts";
import type { ConsentToken, Disclosure, ErasureReceipt, ReceiptFile } from "./wire.ts";
import { checkMachine, checkStatements, type CheckedClaim } from "./worker_key.ts";

const CLOCK_SKEW_SECONDS = 60;

/** A receipt file in which every signature, every hash and every proof holds. */
export interface CheckedReceiptFile {
  readonly consent: CheckedConsent;
  readonly claim: CheckedClaim;
  readonly disclosure: Disclosure;
  readonly receipt: ErasureReceipt;
  /** Where in the log the receipt stands. */
  readonly logged: Included;
}

/** The bytes of the file with these `statements`. */
export function packReceiptFile(statements: Omit<ReceiptFile, "kind">): Bytes {
  return encode("ReceiptFile", { ...statements, kind: "likeness/receipt-file/v1" });
}

/** The receipt file in `raw`. Nothing in it is verified yet. */
export function readReceiptFile(raw: Bytes): ReceiptFile {
  return decode("ReceiptFile", raw);
}

/**
 * What `file` says, when every step of spec/erasure-receipt.md 4.2 holds, in its order.
 *
 * Validity is judged at the moment at which each statement was used, not now: a receipt does not grow old.
 *
 * @throws bad-header, bad-signature, unknown-key, ...: a statement cannot be read, or is signed by another key.
 * @throws grant-mismatch, wrong-holder, token-expired, claim-mismatch, receipt-mismatch: two do not belong together.
 * @throws what `checkConsentFile` and `checkInclusion` throw.
 */
export async function checkReceiptFile(file: ReceiptFile): Promise<CheckedReceiptFile> {
  const consent = await checkConsentFile(file.consent);
  const disclosure = await openIntroduced("Disclosure", file.disclosure);
  const { gateway_keys: gateway, grant, policy } = file.consent;
  const token = await openToken(file.consent.token, { gateway, grant, now: disclosure.statement.issued_at });
  await checkOffer(file, token);
  const claim = await checkClaimOf(file);
  await checkDisclosure(file, token, disclosure);
  const receipt = await checkReceiptOf(file, claim);
  const logged = await checkReceiptProof(receipt, file.receipt, file.receipt_proof, { policy, now: null });
  return { consent, claim, disclosure: disclosure.statement, receipt, logged };
}

async function checkOffer(file: ReceiptFile, token: ConsentToken): Promise<void> {
  const offer = decode("Offer", utf8(file.offer));
  if (offer.token !== (await digestOfText(file.consent.token))) {
    throw new LikenessError("token-expired", "the offer was made under another token");
  }
  const isWithin = offer.bundle === token.bundle && offer.pool === token.aud && offer.region === token.region;
  if (!isWithin) throw new LikenessError("token-expired", "the offer goes beyond its token");
}

async function checkClaimOf(file: ReceiptFile): Promise<CheckedClaim> {
  const { gateway_keys: gateway, policy } = file.consent;
  // The claim's own time is the moment at which the browser judged it; its signature is checked inside.
  const [, payload = ""] = file.claim.split(".");
  const now = decode("Claim", fromB64u(payload)).issued_at;
  const listed = await checkInclusion(policy, file.roster_proof, rosterEntry(file.roster), null);
  const statements = { offer: utf8(file.offer), roster: file.roster, claim: file.claim, gateway, now };
  const claimed = await checkStatements(statements);
  await checkMachine(claimed);
  return { ...claimed, listed };
}

async function checkDisclosure(
  file: ReceiptFile,
  token: ConsentToken,
  disclosure: Verified<Disclosure>,
): Promise<void> {
  if (disclosure.kid !== token.cnf) throw new LikenessError("wrong-holder");
  const said = disclosure.statement;
  const isSame =
    said.token === (await digestOfText(file.consent.token)) &&
    said.offer === (await digestOfText(file.offer)) &&
    said.claim === (await digestOfText(file.claim));
  if (!isSame) throw new LikenessError("claim-mismatch", "the disclosure is about another claim");
  if (said.n > token.max_disclosures || said.images > token.max_images) {
    throw new LikenessError("claim-mismatch", "the disclosure goes beyond the consent");
  }
}

async function checkReceiptOf(file: ReceiptFile, checked: CheckedClaim): Promise<ErasureReceipt> {
  const { statement: receipt } = await openSigned("ErasureReceipt", file.receipt, checked.worker);
  const isSame =
    receipt.offer === checked.offerHash &&
    receipt.claim === checked.claimHash &&
    receipt.hpke_key === (await digest(checked.hpkeKey)) &&
    receipt.worker === checked.roster.worker &&
    receipt.bundle === checked.claim.bundle &&
    receipt.software === checked.roster.software;
  if (!isSame) throw new LikenessError("receipt-mismatch");
  if (receipt.opened_at !== null && receipt.opened_at > receipt.exited_at + CLOCK_SKEW_SECONDS) {
    throw new LikenessError("receipt-mismatch", "the receipt ends before it begins");
  }
  return receipt;
}
