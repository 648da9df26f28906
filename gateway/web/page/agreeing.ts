// Making a consent: a fresh key, a signed grant, the gateway's countersignature and its place in the log, checked.

import { makeGrant, openAdmitted, saltCommitment, TOKEN_SECONDS, type Admission } from "../protocol/consent.ts";
import { checkConsentFile, consentFile } from "../protocol/consent_file.ts";
import { freshBytes, freshId } from "../protocol/fresh.ts";
import { toB64u, type Bytes } from "../protocol/scalars.ts";
import { makeKeyPair, signerOf } from "../protocol/signing.ts";
import { PROMISES, type ConsentFile, type ConsentGrant, type PoolFact } from "../protocol/wire.ts";
import { nowSeconds } from "./clock.ts";
import { postGrant } from "./net.ts";
import type { Agreement, Session } from "./session.ts";

const SALT_BYTES = 32;
/** A consent that ends sooner than this is not worth starting a job with. */
const MIN_LEFT_SECONDS = 30;

/** What the person said themselves, each by a tick of its own. */
export type Statements = Pick<ConsentGrant, "adult" | "this_is_me" | "i_hold_the_rights" | "volunteer_machine">;

/**
 * A consent in force. The key is new each time, so that two consents have nothing in common.
 *
 * @throws gateway-unreachable, the gateway's refusal, or what `openAdmitted` throws: then there is no consent.
 */
export async function agree(session: Session, pool: PoolFact["name"], statements: Statements): Promise<Agreement> {
  const { facts, bundle, pinned } = session;
  const signer = await signerOf(await makeKeyPair());
  const salt = freshBytes(SALT_BYTES);
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
    salt_commitment: await saltCommitment(salt),
    issued_at: now,
    expires_at: now + Math.min(TOKEN_SECONDS, facts.limits.token_seconds),
  });
  session.reach = "consent";
  const raw = await postGrant(grant);
  const expected = { gateway: facts.keys, grant, policy: pinned.policy, now: nowSeconds() };
  const admission = await openAdmitted(raw, expected);
  const { token, tokenJws, listed } = admission;
  const file = await fileOf(session, { grant, pool, salt, admission });
  return { signer, grant, tokenJws, token, listed, file, disclosures: 0, images: 0 };
}

interface Made {
  readonly grant: string;
  readonly pool: PoolFact["name"];
  readonly salt: Bytes;
  readonly admission: Admission;
}

/** What the person keeps; it has passed the check that others will make. */
async function fileOf({ facts, pinned }: Session, { grant, pool, salt, admission }: Made): Promise<ConsentFile> {
  const file = consentFile({
    gateway_keys: [...facts.keys],
    policy: pinned.policy,
    notice: facts.notice.text,
    promise: PROMISES[pool],
    grant,
    token: admission.tokenJws,
    salt: toB64u(salt),
    proof: admission.proof,
  });
  await checkConsentFile(file);
  return file;
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
