// The log whose proofs this page believes. It stands in the page itself: no later answer of the gateway can change it.

import { LikenessError } from "../protocol/errors.ts";
import { readPolicy } from "../protocol/log_policy.ts";

/** A witness policy, and what a person is told of it. */
export interface Pinned {
  /** The policy's text, as every check takes it. */
  readonly policy: string;
  /** The log's name. */
  readonly log: string;
  /** How many witnesses it names. */
  readonly witnesses: number;
}

/** @throws policy-invalid: `text` is empty, or not a witness policy. */
export async function readPinned(text: string): Promise<Pinned> {
  if (text === "") throw new LikenessError("policy-invalid", "the page names no policy");
  const { log, witnesses } = await readPolicy(text);
  return { policy: text, log: log.name, witnesses: witnesses.size };
}
