// Who a worker is, and the single-use key it offers for one job (spec/sealed-job.md section 2).
//
// The twin of schemas/worker_key.py.

import { decode } from "./canonical.ts";
import { LikenessError } from "./errors.ts";
import { digest, digestOfText, fromB64u, type Bytes } from "./scalars.ts";
import { openSigned, thumbprint } from "./signing.ts";
import { SIZES, type Claim, type Jwk, type Offer, type RosterEntry } from "./wire.ts";

const ROSTER_SECONDS = 24 * 3600;
const CLOCK_SKEW_SECONDS = 60;

/** What a gateway passed on when a worker took the offer. */
export interface ClaimMaterial {
  /** The offer's canonical bytes. */
  readonly offer: Bytes;
  readonly roster: string;
  readonly claim: string;
  readonly gateway: Jwk;
  readonly now: number;
}

/** A claim that may be sealed to. */
export interface CheckedClaim {
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

/**
 * What must be true before a byte is sealed (spec/sealed-job.md 2.4, in its order).
 *
 * @throws bad-header, bad-signature, unknown-key, ...: one of the three cannot be read or is signed by another key.
 * @throws claim-mismatch: they do not belong together, or the entry or the lease is over.
 */
export async function checkClaim(given: ClaimMaterial): Promise<CheckedClaim> {
  const { now } = given;
  const offer = decode("Offer", given.offer);
  const { statement: roster } = await openSigned("RosterEntry", given.roster, given.gateway);
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

function mismatch(detail?: string): never {
  throw new LikenessError("claim-mismatch", detail);
}
