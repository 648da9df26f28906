// Making a consent: a fresh key, a signed grant, the gateway's countersignature, checked.

import { commitment, makeGrant, openToken, TOKEN_SECONDS } from "../protocol/consent.ts";
import { freshBytes, freshId } from "../protocol/fresh.ts";
import { makeKeyPair, signerOf } from "../protocol/signing.ts";
import type { PoolFact } from "../protocol/wire.ts";
import { nowSeconds } from "./clock.ts";
import { postGrant } from "./net.ts";
import type { Agreement, Session } from "./session.ts";

const SALT_BYTES = 32;
/** A consent that ends sooner than this is not worth starting a job with. */
const MIN_LEFT_SECONDS = 30;

/** The three statements, each ticked by the person; there is no other value. */
export interface Statements {
  readonly adult: "yes";
  readonly this_is_me: "yes";
  readonly i_hold_the_rights: "yes";
}

/**
 * A consent in force. The key is new each time, so that two consents have nothing in common.
 *
 * @throws gateway-unreachable, the gateway's refusal, or what `openToken` throws.
 */
export async function agree(session: Session, pool: PoolFact["name"], statements: Statements): Promise<Agreement> {
  const { facts, bundle } = session;
  const signer = await signerOf(await makeKeyPair());
  const now = nowSeconds();
  const grant = await makeGrant(signer, {
    ...statements,
    nonce: freshId(),
    notice: facts.notice.digest,
    purpose: "portrait",
    bundle: bundle.digest,
    styles: bundle.styles.map(({ id }) => id),
    pool,
    region: facts.region,
    max_images: facts.limits.max_images,
    max_disclosures: facts.limits.max_disclosures,
    salt_commitment: await commitment(freshBytes(SALT_BYTES)),
    issued_at: now,
    expires_at: now + Math.min(TOKEN_SECONDS, facts.limits.token_seconds),
  });
  session.reach = "consent";
  const tokenJws = await postGrant(grant);
  const token = await openToken(tokenJws, { gateway: facts.key, grant, now: nowSeconds() });
  return { signer, grant, tokenJws, token, disclosures: 0, images: 0 };
}

/** Whether `agreement` still allows a job with `images` portraits. */
export function covers(agreement: Agreement | undefined, images: number, now: number): boolean {
  return (
    agreement !== undefined &&
    now + MIN_LEFT_SECONDS < agreement.token.exp &&
    agreement.disclosures < agreement.token.max_disclosures &&
    agreement.images + images <= agreement.token.max_images
  );
}
