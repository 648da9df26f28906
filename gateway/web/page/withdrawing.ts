// Withdrawing a consent, and what that came to, in words.

import { makeRevocation, openRevoked } from "../protocol/consent.ts";
import { LikenessError } from "../protocol/errors.ts";
import type { Revoked } from "../protocol/wire.ts";
import { nowSeconds } from "./clock.ts";
import { postRevocation } from "./net.ts";
import type { Outcome, Session } from "./session.ts";

/**
 * Withdraws the session's consent and keeps the gateway's checked answer. Asked again, it posts the same statement.
 *
 * @throws gateway-unreachable, the gateway's refusal, or what `openRevoked` throws: then it is to be asked again.
 */
export async function withdraw(session: Session): Promise<void> {
  const { agreement, pinned } = session;
  if (!agreement) throw new TypeError("there is no consent to withdraw");
  const { signer, token, tokenJws } = agreement;
  const about = { jti: token.jti, tokenJws, issued_at: nowSeconds() };
  const withdrawal = (session.withdrawal ??= await makeRevocation(signer, about));
  try {
    const raw = await postRevocation(withdrawal.statement);
    const expected = { withdrawal, tokenJws, policy: pinned.policy, now: nowSeconds() };
    session.withdrawn = await openRevoked(raw, expected);
  } catch (error) {
    // It was made too long ago to be taken; the next attempt needs one of its own moment.
    if (error instanceof LikenessError && error.code === "job-stale") session.withdrawal = undefined;
    throw error;
  }
}

/** What became of the record, as far as this page can tell. `sent` is how often the page handed it over, sealed. */
export function recordWords(
  { disclosures }: Pick<Revoked, "disclosures">,
  sent: number,
  outcome: Pick<Outcome, "receipt"> | undefined,
): string {
  if (sent === 0 && disclosures === 0) return "Your likeness record had not been sent to anybody, and it will not be.";
  if (disclosures === 0) return "Your sealed record had left this device, but the gateway handed it to no worker.";
  if (!outcome) return "Your record was opened for the portrait before. That job was over already.";
  switch (outcome.receipt?.exit_kind) {
    case undefined:
      return (
        "A worker had your sealed record and was told to stop, but its statement of erasure has not come. From here " +
        "nobody can see whether it has erased your record."
      );
    case "normal":
      return "The worker had already finished. What it says about erasing your record is below.";
    default:
      return "The worker that had your record was stopped. What it says about erasing your record is below.";
  }
}
