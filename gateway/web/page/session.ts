// What the page knows during one visit. It lives in memory alone and is gone with the page.

import type { Attributes, Part } from "../protocol/embedding.ts";
import type { Signer, SignedStatement } from "../protocol/signing.ts";
import type { Bytes } from "../protocol/scalars.ts";
import type { Withdrawal } from "../protocol/consent.ts";
import type { Included } from "../protocol/log_proof.ts";
import type { BundleFact, ConsentFile, ConsentToken, ErasureReceipt, Facts, Jwk, Revoked } from "../protocol/wire.ts";
import type { Measured } from "../vision/messages.ts";
import type { Pinned } from "./pinned.ts";
import type { VisionDoor } from "./vision_door.ts";
import type { Reach } from "./words.ts";

/** What the person decided about their record. */
export interface Choices {
  /** Optional parts that are left out. */
  readonly withheld: ReadonlySet<Part>;
  /** Colours that are left out, by their index in `COLOURS`. */
  readonly withheldColours: ReadonlySet<number>;
  /** What they tapped. */
  readonly attributes: Attributes;
}

/** A consent in force. */
export interface Agreement {
  readonly signer: Signer;
  readonly grant: SignedStatement;
  /** The countersigned JWS. */
  readonly tokenJws: string;
  readonly token: ConsentToken;
  /** Where in the log it stands. */
  readonly listed: Included;
  /** What the person keeps of it, word for word. */
  readonly file: ConsentFile;
  /** How often the record was disclosed under it, and how many portraits were asked for. */
  readonly disclosures: number;
  readonly images: number;
}

/** What one job brought. */
export interface Outcome {
  /** PNG files. */
  readonly portraits: readonly Bytes[];
  readonly style: string;
  /** As the worker signed it. */
  readonly receipt: ErasureReceipt | undefined;
  /** Once the receipt is shown to stand in the log: where, and the file for keeping. */
  readonly logged: Logged | undefined;
}

export interface Logged {
  readonly listed: Included;
  readonly file: Bytes;
}

/** The key that must vouch for a worker, when the page's address names one. */
export interface Company {
  readonly key: Jwk;
  /** What two people compare. */
  readonly thumbprint: string;
}

export interface Session {
  readonly facts: Facts;
  readonly bundle: BundleFact;
  readonly pinned: Pinned;
  readonly company: Company | undefined;
  readonly vision: VisionDoor;
  measured: Measured | undefined;
  choices: Choices;
  pool: Facts["pools"][number]["name"] | undefined;
  agreement: Agreement | undefined;
  /** The withdrawal of `agreement`: made once, and posted again until it is answered. */
  withdrawal: Withdrawal | undefined;
  /** The answer to it. */
  withdrawn: Revoked | undefined;
  style: string | undefined;
  images: number;
  outcome: Outcome | undefined;
  reach: Reach;
}

/** A job of which nothing has come yet. */
export function nothingYet(style: string): Outcome {
  return { portraits: [], style, receipt: undefined, logged: undefined };
}

export const NO_CHOICES: Choices = { withheld: new Set(), withheldColours: new Set(), attributes: {} };

/** Forgets the face and everything that was derived from it or agreed about it. */
export function forget(session: Session): void {
  session.measured = undefined;
  session.choices = NO_CHOICES;
  session.agreement = undefined;
  session.withdrawal = undefined;
  session.withdrawn = undefined;
  session.style = undefined;
  session.outcome = undefined;
}
