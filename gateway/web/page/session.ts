// What the page knows during one visit. It lives in memory alone and is gone with the page.

import type { Attributes, Part } from "../protocol/embedding.ts";
import type { Signer, SignedStatement } from "../protocol/signing.ts";
import type { Bytes } from "../protocol/scalars.ts";
import type { BundleFact, ConsentToken, ErasureReceipt, Facts } from "../protocol/wire.ts";
import type { Measured } from "../vision/messages.ts";
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
  /** How often the record was disclosed under it, and how many portraits were asked for. */
  readonly disclosures: number;
  readonly images: number;
}

/** What one job brought. */
export interface Outcome {
  /** PNG files. */
  readonly portraits: readonly Bytes[];
  readonly style: string;
  readonly receipt: ErasureReceipt | undefined;
  /** The receipt file, for keeping. */
  readonly receiptFile: Bytes | undefined;
}

export interface Session {
  readonly facts: Facts;
  readonly bundle: BundleFact;
  readonly vision: VisionDoor;
  measured: Measured | undefined;
  choices: Choices;
  pool: Facts["pools"][number]["name"] | undefined;
  agreement: Agreement | undefined;
  style: string | undefined;
  images: number;
  outcome: Outcome | undefined;
  reach: Reach;
}

export const NO_CHOICES: Choices = { withheld: new Set(), withheldColours: new Set(), attributes: {} };

/** Forgets the face and everything that was derived from it or agreed about it. */
export function forget(session: Session): void {
  session.measured = undefined;
  session.choices = NO_CHOICES;
  session.agreement = undefined;
  session.style = undefined;
  session.outcome = undefined;
}
