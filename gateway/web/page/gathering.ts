// The claims of one job, from the first worker's to the choice. Each is checked as it comes; one of them is picked here.

import { decode } from "../protocol/canonical.ts";
import { LikenessError } from "../protocol/errors.ts";
import type { Frame } from "../protocol/frames.ts";
import { chooseClaim, openOffer, type OfferExpectation } from "../protocol/job.ts";
import type { Bytes } from "../protocol/scalars.ts";
import { LOTS } from "../protocol/wire.ts";
import { checkClaim, type CheckedClaim, type ClaimMaterial } from "../protocol/worker_key.ts";

/** In this order, once per worker. */
const ORDER = ["offer", "roster", "proof", "claim"] as const;

/** What every claim of this job is judged by. */
export type Judge = Omit<OfferExpectation, "now"> & Pick<ClaimMaterial, "gateway" | "policy" | "company">;

/** A claim that holds, and the statements that say so. */
export interface Candidate {
  readonly checked: CheckedClaim;
  /** The offer's canonical text. */
  readonly offer: string;
  readonly roster: string;
  readonly rosterProof: string;
  readonly claim: string;
}

export class Gathering {
  readonly #judge: Judge;
  readonly #lots: number;
  readonly #candidates: Candidate[] = [];
  #said: readonly Bytes[] = [];

  constructor(judge: Judge) {
    this.#judge = judge;
    this.#lots = LOTS[judge.token.aud];
  }

  /**
   * The claim that `frame` completes, if it does.
   *
   * @throws out-of-order: not what comes next, or a claim more than the pool has lots.
   * @throws what `openOffer` and `checkClaim` throw.
   */
  async take({ kind, payload }: Frame, now: number): Promise<Candidate | undefined> {
    const isNext = kind === ORDER[this.#said.length] && this.#candidates.length < this.#lots;
    if (!isNext) throw new LikenessError("out-of-order");
    if (kind === "offer") await openOffer(payload, { ...this.#judge, now });
    const [offer, ...others] = (this.#said = [...this.#said, payload]);
    const [roster, proof, claim] = others.map(text);
    if (offer === undefined || roster === undefined || proof === undefined || claim === undefined) return undefined;
    this.#said = [];
    const checked = await checkClaim({ ...this.#judge, offer, roster, proof, claim, now });
    const candidate = { checked, offer: text(offer), roster, rosterProof: proof, claim };
    this.#candidates.push(candidate);
    return candidate;
  }

  /**
   * One of the claims that came, picked at random in this browser, when they are what the pool asks for.
   *
   * @throws out-of-order: `payload` counts other claims than came, or other lots than the pool has.
   * @throws too-few-claims, claim-mismatch: see `chooseClaim`.
   */
  choose(payload: Bytes): Candidate {
    const { claims, lots } = decode("Choose", payload);
    const isSame = claims === this.#candidates.length && lots === this.#lots && this.#said.length === 0;
    if (!isSame) throw new LikenessError("out-of-order");
    const chosen = chooseClaim(
      this.#candidates.map(({ checked }) => checked),
      this.#lots,
    );
    const candidate = this.#candidates.find(({ checked }) => checked === chosen);
    if (!candidate) throw new LikenessError("claim-mismatch");
    return candidate;
  }
}

/** @throws bad-field: not UTF-8. */
export function text(payload: Bytes): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(payload);
  } catch (cause) {
    throw new LikenessError("bad-field", undefined, { cause });
  }
}
