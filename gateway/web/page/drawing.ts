// One job from asking to receipt, as a sequence of happenings. Knows no DOM; network and clock are arguments.
//
// The order is the promise: claims, all of them checked, then the choice and the disclosure, and only then images, a
// receipt, and the proof that it stands in the log. A frame out of order ends the job.

import { decode } from "../protocol/canonical.ts";
import { checkReceipt, checkReceiptProof } from "../protocol/erasure.ts";
import type { RecordBytes } from "../protocol/embedding.ts";
import { fromPeer, LikenessError } from "../protocol/errors.ts";
import { decodeChunk, FrameReader, type Frame } from "../protocol/frames.ts";
import { freshBytes, freshId, freshSeed } from "../protocol/fresh.ts";
import { disclose, packJob, type DisclosureBytes, type JobBytes } from "../protocol/job.ts";
import { checkReceiptFile, packReceiptFile, readReceiptFile } from "../protocol/receipt_file.ts";
import { ResultReader } from "../protocol/result.ts";
import type { Bytes } from "../protocol/scalars.ts";
import type { ErasureReceipt, Jwk, Progress, Waiting } from "../protocol/wire.ts";
import type { CheckedClaim } from "../protocol/worker_key.ts";
import { Gathering, text, type Candidate } from "./gathering.ts";
import type { Agreement, Logged } from "./session.ts";

const SECRET_BYTES = 32;

/** What a job needs of the world: two calls and the time. */
export interface JobWorld {
  openJob(body: JobBytes, signal: AbortSignal): AsyncIterable<Uint8Array>;
  postDisclosure(offerId: string, body: DisclosureBytes, signal: AbortSignal): Promise<void>;
  /** Whole unix seconds. */
  now(): number;
}

export interface Order {
  readonly agreement: Agreement;
  /** The gateway's keys. */
  readonly gateway: readonly Jwk[];
  /** The witness policy that the page pins. */
  readonly policy: string;
  /** The company root that must vouch for the worker, if the page's address names one. */
  readonly company: Jwk | null;
  readonly record: RecordBytes;
  readonly style: string;
  readonly images: number;
}

export type Happening =
  | { readonly is: "waiting"; readonly waiting: Waiting }
  /** A worker's claim was checked; nothing is sealed yet. */
  | { readonly is: "claimed"; readonly checked: CheckedClaim }
  /** One of the claims was picked, at random where there are several. */
  | { readonly is: "chosen"; readonly checked: CheckedClaim }
  /** From here on the record must be taken to have left the device. */
  | { readonly is: "disclosing" }
  | { readonly is: "progress"; readonly progress: Progress }
  | { readonly is: "image"; readonly png: Bytes }
  /** Signed by that worker about this job; whether others can find it in the log is still to come. */
  | { readonly is: "receipt"; readonly receipt: ErasureReceipt }
  | { readonly is: "logged"; readonly logged: Logged };

/**
 * Runs `order`; ends when the gateway ended the stream after a receipt and its proof.
 *
 * @throws whatever the gateway or the worker named, or this side found wrong with what they said.
 */
export async function* draw(order: Order, world: JobWorld, signal: AbortSignal): AsyncGenerator<Happening, void> {
  const { agreement, images } = order;
  const ask = { token: agreement.tokenJws, nonce: freshId(), images, issued_at: world.now() };
  const job = new Job(order, world, signal);
  const reader = new FrameReader();
  for await (const piece of world.openJob(await packJob(agreement.signer, ask), signal)) {
    for (const frame of reader.feed(piece)) {
      if (frame.kind === "end") return job.close();
      yield* job.take(frame);
    }
  }
  signal.throwIfAborted();
  reader.finish();
  throw job.problem ?? new LikenessError("gateway-unreachable", "the answer ended too early");
}

/** What is known once the record was sealed to a worker. */
interface Sent {
  readonly to: Candidate;
  readonly disclosure: string;
  readonly result: ResultReader;
}

/** What has been said so far, and what may come next. */
class Job {
  readonly #order: Order;
  readonly #world: JobWorld;
  readonly #signal: AbortSignal;
  readonly #gathering: Gathering;
  #sent: Sent | undefined;
  #receipt: { readonly jws: string; readonly statement: ErasureReceipt } | undefined;
  #isLogged = false;
  /** What the gateway or the worker named as the reason for an end. */
  problem: LikenessError | undefined;

  constructor(order: Order, world: JobWorld, signal: AbortSignal) {
    this.#order = order;
    this.#world = world;
    this.#signal = signal;
    const { agreement, images, gateway, policy, company } = order;
    const { token, tokenJws } = agreement;
    this.#gathering = new Gathering({ token, tokenJws, images, gateway, policy, company });
  }

  async *take(frame: Frame): AsyncGenerator<Happening> {
    const { kind, payload } = frame;
    switch (kind) {
      case "waiting":
        yield { is: "waiting", waiting: decode("Waiting", payload) };
        return;
      case "offer":
      case "roster":
      case "claim":
        yield* this.#gather(frame);
        return;
      case "proof": // of a roster entry before the choice, of the receipt at the end
        if (this.#sent) yield await this.#takeProof(text(payload));
        else yield* this.#gather(frame);
        return;
      case "choose":
        yield* this.#choose(payload);
        return;
      case "progress":
        this.#working();
        yield { is: "progress", progress: decode("Progress", payload) };
        return;
      case "image":
        yield* this.#takeChunk(payload);
        return;
      case "receipt":
        yield await this.#takeReceipt(text(payload));
        return;
      case "problem":
        this.problem = fromPeer(decode("Problem", payload)); // a receipt may still follow
    }
  }

  /** Returns when the job ended well. @throws what went wrong. */
  close(): void {
    if (this.problem) throw this.problem;
    if (this.#receipt && !this.#isLogged) throw new LikenessError("proof-invalid", "the receipt came without its proof");
    const isWhole = this.#isLogged && this.#sent?.result.complete === this.#order.images;
    if (!isWhole) throw new LikenessError("result-invalid", "the job ended without all images and a receipt");
  }

  async *#gather(frame: Frame): AsyncGenerator<Happening> {
    if (this.#sent) throw new LikenessError("out-of-order");
    const candidate = await this.#gathering.take(frame, this.#world.now());
    if (candidate) yield { is: "claimed", checked: candidate.checked };
  }

  async *#choose(payload: Bytes): AsyncGenerator<Happening> {
    if (this.#sent || this.problem) throw this.problem ?? new LikenessError("out-of-order");
    const chosen = this.#gathering.choose(payload);
    yield { is: "chosen", checked: chosen.checked };
    const { agreement, record, style, images } = this.#order;
    const { disclosure, body, replyKey } = await disclose(agreement.signer, chosen.checked, {
      tokenJws: agreement.tokenJws,
      grantJws: agreement.grant,
      n: agreement.disclosures + 1,
      images,
      record,
      style,
      seed: freshSeed(),
      responseSecret: freshBytes(SECRET_BYTES),
      issued_at: this.#world.now(),
    });
    this.#sent = { to: chosen, disclosure, result: new ResultReader(replyKey, images) };
    yield { is: "disclosing" };
    await this.#world.postDisclosure(chosen.checked.offer.offer_id, body, this.#signal);
  }

  /** What was sent, while its worker may still speak. */
  #working(): Sent {
    if (!this.#sent || this.#receipt) throw new LikenessError("out-of-order");
    return this.#sent;
  }

  async *#takeChunk(payload: Bytes): AsyncGenerator<Happening> {
    const png = await this.#working().result.take(decodeChunk(payload));
    if (png) yield { is: "image", png };
  }

  async #takeReceipt(jws: string): Promise<Happening> {
    const { to, result } = this.#working();
    const { worker, offerHash: offer, claimHash: claim } = to.checked;
    const statement = await checkReceipt(jws, { worker, offer, claim, result: await result.digest() });
    this.#receipt = { jws, statement };
    return { is: "receipt", receipt: statement };
  }

  async #takeProof(proof: string): Promise<Happening> {
    if (!this.#sent || !this.#receipt || this.#isLogged) throw new LikenessError("out-of-order");
    const { jws, statement } = this.#receipt;
    const { policy, agreement } = this.#order;
    const listed = await checkReceiptProof(statement, jws, proof, { policy, now: this.#world.now() });
    const { to, disclosure } = this.#sent;
    const file = packReceiptFile({
      consent: agreement.file,
      offer: to.offer,
      roster: to.roster,
      roster_proof: to.rosterProof,
      claim: to.claim,
      disclosure,
      receipt: jws,
      receipt_proof: proof,
    });
    await checkReceiptFile(readReceiptFile(file)); // what the person keeps has passed the check that others will make
    this.#isLogged = true;
    return { is: "logged", logged: { listed, file } };
  }
}
