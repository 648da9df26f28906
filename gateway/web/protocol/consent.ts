// Consent: what a person signs, the token that a gateway countersigns, and withdrawal (spec/consent-token.md).
//
// The twin of schemas/consent.py, from the person's side.

import { decode } from "./canonical.ts";
import { LikenessError } from "./errors.ts";
import { freshBytes } from "./fresh.ts";
import { commitment, SALT_BYTES } from "./log_leaf.ts";
import { digest, digestOfText, fromHex, toB64u, type Bytes } from "./scalars.ts";
import { openIntroduced, openSigned, sign, type SignedStatement, type Signer } from "./signing.ts";
import { checkInclusion, type Included } from "./log_proof.ts";
import type { ConsentGrant, ConsentToken, Jwk, Revoked } from "./wire.ts";

/** Longest life of a grant and of a token. */
export const TOKEN_SECONDS = 15 * 60;
const CLOCK_SKEW_SECONDS = 60;

/** All that a person agrees to. Every statement is named by the caller; none has a default. */
export type Agreement = Omit<ConsentGrant, "kind">;

/**
 * The grant of `agreement`, signed by K_u, which it introduces. Styles are put in order, each once.
 *
 * @throws wrong-pool: a volunteer's machine without its own yes, or a yes to one for another pool.
 */
export async function makeGrant(signer: Signer, agreement: Agreement): Promise<SignedStatement> {
  const styles = [...new Set(agreement.styles)].sort();
  const grant: ConsentGrant = { ...agreement, styles, kind: "likeness/grant/v1" };
  if (!namesItsMachine(grant)) throw new LikenessError("wrong-pool");
  return sign("ConsentGrant", grant, signer, { introduce: true });
}

/** What a grant says of `salt` (32 random bytes that only the person keeps). */
export async function saltCommitment(salt: Bytes): Promise<string> {
  return digest(salt);
}

/** What a token is checked against. */
export interface TokenExpectation {
  /** The gateway's keys, as its facts list them. */
  readonly gateway: readonly Jwk[];
  /** The JWS of the grant that was sent. */
  readonly grant: string;
  readonly now: number;
}

/**
 * The token in `jws`: countersigned by this gateway, valid now, for this very grant.
 *
 * @throws bad-header, bad-signature, unknown-key, ...: see `openSigned`.
 * @throws token-expired: `exp` has passed, or `iat` lies in the future.
 * @throws grant-mismatch, wrong-holder: see `checkGrantOfToken`.
 */
export async function openToken(jws: string, { gateway, grant, now }: TokenExpectation): Promise<ConsentToken> {
  const { statement: token } = await openSigned("ConsentToken", jws, ...gateway);
  if (!(token.iat - CLOCK_SKEW_SECONDS <= now && now < token.exp)) throw new LikenessError("token-expired");
  await checkGrantOfToken(token, grant);
  return token;
}

/** A grant that was checked against its token, and who signed it. */
export interface GrantOfToken {
  readonly grant: ConsentGrant;
  /** Thumbprint of K_u. */
  readonly holder: string;
}

/**
 * The grant that `token` was issued for: a gateway can neither invent a consent nor widen one.
 *
 * @throws wrong-holder: the grant was signed by another key than the token names.
 * @throws grant-mismatch: another grant, or one that allows less than the token says.
 */
export async function checkGrantOfToken(token: ConsentToken, grantJws: string): Promise<GrantOfToken> {
  const { statement: grant, kid: holder } = await openIntroduced("ConsentGrant", grantJws);
  if (holder !== token.cnf) throw new LikenessError("wrong-holder");
  const isAllowed =
    namesItsMachine(grant) &&
    token.grant === (await digestOfText(grantJws)) &&
    token.notice === grant.notice &&
    token.bundle === grant.bundle &&
    token.aud === grant.pool &&
    token.region === grant.region &&
    token.styles.every((style) => grant.styles.includes(style)) &&
    token.max_images <= grant.max_images &&
    token.max_disclosures <= grant.max_disclosures &&
    token.exp <= grant.expires_at;
  if (!isAllowed) throw new LikenessError("grant-mismatch");
  return { grant, holder };
}

/** Whether the yes or no to volunteers' machines fits the pool. */
function namesItsMachine(grant: ConsentGrant): boolean {
  return (grant.volunteer_machine === "yes") === (grant.pool === "volunteer");
}

/** The commitment of a consent: salted by the grant, about the token that answers it. */
export async function consentLeaf(grant: ConsentGrant, tokenJws: string): Promise<Bytes> {
  return commitment("consent", fromHex(grant.salt_commitment), tokenJws);
}

/** A consent that is countersigned and stands in the log. */
export interface Admission {
  readonly token: ConsentToken;
  readonly tokenJws: string;
  readonly proof: string;
  readonly listed: Included;
}

/**
 * The gateway's answer to a grant (spec/consent-token.md 3.7): the token for it, and its leaf under a fresh checkpoint.
 *
 * @throws what `openToken` throws, and too-large, not-json, bad-field, not-canonical for the answer itself.
 * @throws note-malformed, note-untrusted, checkpoint-unwitnessed, checkpoint-stale, proof-invalid: see `checkInclusion`.
 */
export async function openAdmitted(
  raw: Bytes,
  { policy, ...expected }: TokenExpectation & { readonly policy: string },
): Promise<Admission> {
  const { token: tokenJws, proof } = decode("Admitted", raw);
  const token = await openToken(tokenJws, expected);
  const { grant } = await checkGrantOfToken(token, expected.grant);
  const listed = await checkInclusion(policy, proof, await consentLeaf(grant, tokenJws), expected.now);
  return { token, tokenJws, proof, listed };
}

/** A withdrawal to post, again and again until it is answered: the answer proves the first one that was taken. */
export interface Withdrawal {
  readonly statement: SignedStatement;
  readonly salt: Bytes;
}

/** The withdrawal of one consent, signed by K_u. `salt` (32 bytes) is for vectors alone. */
export async function makeRevocation(
  signer: Signer,
  { jti, tokenJws, issued_at }: { readonly jti: string; readonly tokenJws: string; readonly issued_at: number },
  salt: Bytes = freshBytes(SALT_BYTES),
): Promise<Withdrawal> {
  const statement = await sign(
    "Revocation",
    { kind: "likeness/revocation/v1", jti, token: await digestOfText(tokenJws), salt: toB64u(salt), issued_at },
    signer,
    { introduce: true },
  );
  return { statement, salt };
}

/** What the answer to a withdrawal is checked against. */
export interface RevokedExpectation {
  readonly withdrawal: Withdrawal;
  readonly tokenJws: string;
  readonly policy: string;
  readonly now: number;
}

/**
 * The gateway's answer to a withdrawal (spec/consent-token.md 5.2), once its leaf stands in the log.
 *
 * @throws too-large, not-json, bad-field, not-canonical: it cannot be read.
 * @throws grant-mismatch: it is about another token.
 * @throws note-malformed, note-untrusted, checkpoint-unwitnessed, checkpoint-stale, proof-invalid: see `checkInclusion`.
 */
export async function openRevoked(raw: Bytes, expected: RevokedExpectation): Promise<Revoked> {
  const revoked = decode("Revoked", raw);
  if (revoked.token !== (await digestOfText(expected.tokenJws))) throw new LikenessError("grant-mismatch");
  const { statement, salt } = expected.withdrawal;
  const leaf = await commitment("revocation", salt, statement);
  await checkInclusion(expected.policy, revoked.proof, leaf, expected.now);
  return revoked;
}
