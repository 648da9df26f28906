// Consent: what a person signs, and the token that a gateway countersigns (spec/consent-token.md).
//
// The twin of schemas/consent.py, from the person's side.

import { LikenessError } from "./errors.ts";
import { digest, digestOfText, type Bytes } from "./scalars.ts";
import { openIntroduced, openSigned, sign, type SignedStatement, type Signer } from "./signing.ts";
import type { ConsentGrant, ConsentToken, Jwk } from "./wire.ts";

/** Longest life of a grant and of a token. */
export const TOKEN_SECONDS = 15 * 60;
const CLOCK_SKEW_SECONDS = 60;

/** All that a person agrees to. Every statement is named by the caller; none has a default. */
export type Agreement = Omit<ConsentGrant, "kind">;

/** The grant of `agreement`, signed by K_u, which it introduces. Styles are put in order, each once. */
export async function makeGrant(signer: Signer, agreement: Agreement): Promise<SignedStatement> {
  const styles = [...new Set(agreement.styles)].sort();
  const grant: ConsentGrant = { ...agreement, styles, kind: "likeness/grant/v1" };
  return sign("ConsentGrant", grant, signer, { introduce: true });
}

/** What a grant says of `salt` (32 random bytes that only the person keeps). */
export async function commitment(salt: Bytes): Promise<string> {
  return digest(salt);
}

/** What a token is checked against. */
export interface TokenExpectation {
  readonly gateway: Jwk;
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
  const { statement: token } = await openSigned("ConsentToken", jws, gateway);
  if (!(token.iat - CLOCK_SKEW_SECONDS <= now && now < token.exp)) throw new LikenessError("token-expired");
  await checkGrantOfToken(token, grant);
  return token;
}

/**
 * The grant that `token` was issued for: a gateway can neither invent a consent nor widen one.
 *
 * @throws wrong-holder: the grant was signed by another key than the token names.
 * @throws grant-mismatch: another grant, or one that allows less than the token says.
 */
export async function checkGrantOfToken(token: ConsentToken, grantJws: string): Promise<ConsentGrant> {
  const { statement: grant, kid } = await openIntroduced("ConsentGrant", grantJws);
  if (kid !== token.cnf) throw new LikenessError("wrong-holder");
  const isAllowed =
    token.grant === (await digestOfText(grantJws)) &&
    token.bundle === grant.bundle &&
    token.aud === grant.pool &&
    token.region === grant.region &&
    token.styles.every((style) => grant.styles.includes(style)) &&
    token.max_images <= grant.max_images &&
    token.max_disclosures <= grant.max_disclosures &&
    token.exp <= grant.expires_at;
  if (!isAllowed) throw new LikenessError("grant-mismatch");
  return grant;
}
