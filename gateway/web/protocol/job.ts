// One job from the browser's side: asking for an offer, and disclosing the record to one claim (spec/sealed-job.md).
//
// The twin of schemas/job.py. Its results are the only bodies, beside the grant, that the page may post.

import { decode, encode } from "./canonical.ts";
import type { RecordBytes } from "./embedding.ts";
import { LikenessError } from "./errors.ts";
import { pickOne } from "./fresh.ts";
import { concat, digestOfText, fromHex, sha256, toB64u, utf8, type Bytes } from "./scalars.ts";
import { context, replyKey, sealRequest, type Sealed } from "./sealing.ts";
import { sign, type SignedStatement, type Signer } from "./signing.ts";
import { LOTS, type ConsentToken, type Disclosure, type JobRequest, type Offer, type SealedRequest } from "./wire.ts";
import type { CheckedClaim } from "./worker_key.ts";

declare const job: unique symbol;
declare const disclosed: unique symbol;

/** What is posted to open a job: signed statements alone. */
export type JobBytes = Bytes & { readonly [job]: true };
/** What is posted to disclose: a signed statement and a sealed request. */
export type DisclosureBytes = Bytes & { readonly [disclosed]: true };

/** What the page asks for. */
export interface Ask {
  /** The consent token's JWS. */
  readonly token: string;
  readonly nonce: string;
  readonly images: number;
  readonly issued_at: number;
}

/** The body that opens a job. */
export async function packJob(signer: Signer, ask: Ask): Promise<JobBytes> {
  const { nonce, images, issued_at } = ask;
  const statement: JobRequest = {
    kind: "likeness/job/v1",
    nonce,
    token: await digestOfText(ask.token),
    images,
    issued_at,
  };
  const request = await sign("JobRequest", statement, signer, { introduce: true });
  return encode("JobBody", { kind: "likeness/job-body/v1", token: ask.token, request }) as JobBytes;
}

/** What an offer is checked against. */
export interface OfferExpectation {
  readonly token: ConsentToken;
  readonly tokenJws: string;
  readonly images: number;
  readonly now: number;
}

/**
 * The offer in `raw`, when it says what was asked for.
 *
 * @throws too-large, not-json, bad-field, not-canonical: it cannot be read.
 * @throws claim-mismatch: it is about another token, bundle, pool, region, number of images or of lots.
 * @throws offer-expired: it has lapsed.
 */
export async function openOffer(raw: Bytes, { token, tokenJws, images, now }: OfferExpectation): Promise<Offer> {
  const offer = decode("Offer", raw);
  const isOurs =
    offer.token === (await digestOfText(tokenJws)) &&
    offer.bundle === token.bundle &&
    offer.pool === token.aud &&
    offer.region === token.region &&
    offer.images === images &&
    offer.lots === LOTS[token.aud] &&
    offer.lot <= offer.lots;
  if (!isOurs) throw new LikenessError("claim-mismatch", "the offer is not the one that was asked for");
  if (now >= offer.expires_at) throw new LikenessError("offer-expired");
  return offer;
}

/**
 * One of `claims`, each as likely as the others (spec/sealed-job.md 2.5). `lots` is what `LOTS` says of the pool.
 *
 * @throws too-few-claims: of fewer than `lots` different workers.
 * @throws claim-mismatch: more claims than lots, two with one key or for different jobs, or the pool has other lots.
 */
export function chooseClaim(claims: readonly CheckedClaim[], lots: number): CheckedClaim {
  if (different(claims, ({ roster }) => roster.worker) < lots) throw new LikenessError("too-few-claims");
  const isOneJob =
    different(claims, ({ offer }) => `${offer.offer_id} ${offer.token}`) === 1 &&
    different(claims, ({ claim }) => claim.hpke_key) === lots &&
    claims.length === lots &&
    claims.every(({ offer }) => LOTS[offer.pool] === lots);
  const chosen = pickOne(claims);
  if (!isOneJob || !chosen) throw new LikenessError("claim-mismatch");
  return chosen;
}

function different(claims: readonly CheckedClaim[], of: (checked: CheckedClaim) => string): number {
  return new Set(claims.map(of)).size;
}

/** What is disclosed, and under which consent. */
export interface Confidence {
  readonly tokenJws: string;
  readonly grantJws: string;
  /** Which disclosure of this token it is, counted from 1. */
  readonly n: number;
  readonly images: number;
  readonly record: RecordBytes;
  readonly style: string;
  readonly seed: number;
  /** 32 fresh bytes. */
  readonly responseSecret: Bytes;
  readonly issued_at: number;
}

/** A disclosure that is ready to post, and what is needed to read the answer. */
export interface Disclosed {
  readonly disclosure: SignedStatement;
  readonly body: DisclosureBytes;
  readonly replyKey: CryptoKey;
}

/**
 * Seals `what` to the single-use key of one checked claim and signs that this claim was chosen.
 *
 * `entropy` is for vectors alone, see `sealRequest`.
 *
 * @throws too-large: token and grant leave no room for the rest.
 * @throws cannot-open: the claim's key is not one.
 */
export async function disclose(
  signer: Signer,
  checked: CheckedClaim,
  what: Confidence,
  entropy?: Bytes,
): Promise<Disclosed> {
  const disclosure = await signDisclosure(signer, checked, what);
  const claimHash = fromHex(checked.claimHash);
  const info = await context(fromHex(checked.offerHash), claimHash, await sha256(utf8(disclosure)));
  const sealed = await sealRequest(encode("SealedRequest", requestOf(what)), checked.hpkeKey, info, entropy);
  return {
    disclosure,
    body: packDisclosure(disclosure, sealed),
    replyKey: await replyKey(what.responseSecret, sealed, claimHash),
  };
}

async function signDisclosure(signer: Signer, checked: CheckedClaim, what: Confidence): Promise<SignedStatement> {
  const statement: Disclosure = {
    kind: "likeness/disclosure/v1",
    token: await digestOfText(what.tokenJws),
    offer: checked.offerHash,
    claim: checked.claimHash,
    n: what.n,
    images: what.images,
    issued_at: what.issued_at,
  };
  return sign("Disclosure", statement, signer, { introduce: true });
}

function requestOf(what: Confidence): SealedRequest {
  return {
    kind: "likeness/sealed-request/v1",
    token: what.tokenJws,
    grant: what.grantJws,
    record: toB64u(what.record),
    style: what.style,
    seed: what.seed,
    images: what.images,
    response_secret: toB64u(what.responseSecret),
  };
}

/** `u32 big-endian length || disclosure JWS || sealed request`. */
function packDisclosure(disclosure: SignedStatement, sealed: Sealed): DisclosureBytes {
  const length = new DataView(new ArrayBuffer(4));
  length.setUint32(0, disclosure.length);
  return concat(new Uint8Array(length.buffer), utf8(disclosure), sealed) as DisclosureBytes;
}
