// Who a worker is, and the single-use key it offers for one job (spec/sealed-job.md section 2).
//
// The twin of schemas/worker_key.py.

import { checkQuote, quoteBinding } from "./attestation.ts";
import { decode } from "./canonical.ts";
import { LikenessError } from "./errors.ts";
import { rosterEntry } from "./log_leaf.ts";
import { digest, digestOfText, fromB64u, fromHex, type Bytes } from "./scalars.ts";
import { openSigned, thumbprint } from "./signing.ts";
import { checkInclusion, type Included } from "./log_proof.ts";
import { SIZES, type Claim, type Endorsement, type Jwk, type Offer, type RosterEntry } from "./wire.ts";

const ROSTER_SECONDS = 24 * 3600;
const ENDORSEMENT_SECONDS = 90 * 24 * 3600;
const CLOCK_SKEW_SECONDS = 60;

/** The statements with which a worker took an offer. */
export interface ClaimStatements {
  /** The offer's canonical bytes. */
  readonly offer: Bytes;
  readonly roster: string;
  readonly claim: string;
  /** The gateway's keys, as its facts list them. */
  readonly gateway: readonly Jwk[];
  readonly now: number;
}

/** What a gateway passed on when a worker took the offer, and what it is judged by. */
export interface ClaimMaterial extends ClaimStatements {
  /** That the roster entry stands in the log. */
  readonly proof: string;
  readonly policy: string;
  /** The company root that the page's address names, if it does. */
  readonly company: Jwk | null;
}

/** Statements that belong together; whether others can see the worker too is for the log to say. */
export interface Claimed {
  readonly offer: Offer;
  readonly roster: RosterEntry;
  readonly claim: Claim;
  /** The worker's identity key, which signs the receipt. */
  readonly worker: Jwk;
  /** X-Wing public key, 1216 bytes. */
  readonly hpkeKey: Bytes;
  readonly offerHash: string;
  readonly claimHash: string;
}

/** A claim that may be sealed to. */
export interface CheckedClaim extends Claimed {
  /** Where in the log the worker stands, and who watches that log. */
  readonly listed: Included;
}

/**
 * What must be true before a byte is sealed (spec/sealed-job.md 2.4, in its order).
 *
 * @throws bad-header, bad-signature, unknown-key, claim-mismatch, ...: see `checkStatements`.
 * @throws note-malformed, note-untrusted, checkpoint-unwitnessed, checkpoint-stale, proof-invalid: see `checkInclusion`.
 * @throws not-endorsed: see `checkEndorsement`.
 * @throws quote-invalid: see `checkMachine`.
 */
export async function checkClaim(given: ClaimMaterial): Promise<CheckedClaim> {
  const claimed = await checkStatements(given);
  const listed = await checkInclusion(given.policy, given.proof, rosterEntry(given.roster), given.now);
  if (given.company) await checkEndorsement(claimed.roster, given.company, given.now);
  await checkMachine(claimed);
  return { ...claimed, listed };
}

/**
 * The offer, roster entry and claim when they belong together and are of this moment.
 *
 * @throws bad-header, bad-signature, unknown-key, ...: one of the three cannot be read or is signed by another key.
 * @throws claim-mismatch: they do not belong together, or the entry or the lease is over.
 */
export async function checkStatements(given: ClaimStatements): Promise<Claimed> {
  const { now } = given;
  const offer = decode("Offer", given.offer);
  const { statement: roster } = await openSigned("RosterEntry", given.roster, ...given.gateway);
  checkListed(roster, now);
  const worker: Jwk = { crv: "Ed25519", kty: "OKP", x: roster.key };
  fromB64u(roster.key, 32);
  if ((await thumbprint(worker)) !== roster.worker) mismatch("the roster entry names another key");
  const { statement: claim } = await openSigned("Claim", given.claim, worker);
  const offerHash = await digest(given.offer);
  const belongs =
    claim.offer === offerHash &&
    claim.worker === roster.worker &&
    claim.roster === (await digestOfText(given.roster)) &&
    claim.bundle === offer.bundle &&
    roster.bundles.includes(offer.bundle) &&
    offer.pool === roster.pool &&
    offer.region === roster.region;
  if (!belongs) mismatch();
  const isHeld = claim.issued_at - CLOCK_SKEW_SECONDS <= now && now < claim.issued_at + claim.lease_seconds;
  if (!isHeld) mismatch("the claim's lease is over");
  const hpkeKey = fromB64u(claim.hpke_key, SIZES.publicKey);
  return { offer, roster, claim, worker, hpkeKey, offerHash, claimHash: await digestOfText(given.claim) };
}

function checkListed(roster: RosterEntry, now: number): void {
  const hasBegun = roster.enrolled_at <= now + CLOCK_SKEW_SECONDS;
  const isOpen = now < roster.not_after && roster.not_after <= roster.enrolled_at + ROSTER_SECONDS;
  if (!hasBegun || !isOpen) mismatch("the roster entry is not valid now");
}

/**
 * Returns when the pool is not `attested`, or the worker's TPM said which program made this key for this offer.
 *
 * @throws quote-invalid: it said nothing, or something else.
 */
export async function checkMachine({ offer, roster, claim, hpkeKey, offerHash }: Claimed): Promise<void> {
  if (offer.pool !== "attested") return;
  if (!roster.attestation || !claim.quote) {
    throw new LikenessError("quote-invalid", "the pool asks for a quote and there is none");
  }
  const binding = await quoteBinding(hpkeKey, fromHex(offerHash));
  await checkQuote(claim.quote, roster.attestation, { binding, software: roster.software });
}

/**
 * The endorsement in `roster` when it is by the company root `root`, about this worker, and of today.
 *
 * @throws not-endorsed: there is none, or it is another's, another root's, over, or longer than 90 days.
 * @throws bad-header, bad-signature, ...: it cannot be read.
 */
export async function checkEndorsement(roster: RosterEntry, root: Jwk, now: number): Promise<Endorsement> {
  if (roster.endorsement === null || roster.pool !== "company") throw new LikenessError("not-endorsed");
  const endorsement = await openEndorsement(roster.endorsement, root);
  const { worker, issued_at, not_after } = endorsement;
  const hasBegun = issued_at - CLOCK_SKEW_SECONDS <= now;
  const isOpen = now < not_after && not_after <= issued_at + ENDORSEMENT_SECONDS;
  if (worker !== roster.worker || !hasBegun || !isOpen) throw new LikenessError("not-endorsed");
  return endorsement;
}

async function openEndorsement(jws: string, root: Jwk): Promise<Endorsement> {
  try {
    return (await openSigned("Endorsement", jws, root)).statement;
  } catch (cause) {
    const isAnothers = cause instanceof LikenessError && cause.code === "unknown-key";
    throw isAnothers ? new LikenessError("not-endorsed", undefined, { cause }) : cause;
  }
}

function mismatch(detail?: string): never {
  throw new LikenessError("claim-mismatch", detail);
}
