// A gateway with honest workers behind it, for tests of page/drawing.ts: an attack is an edit of what it sends.

import assert from "node:assert/strict";

import { draw, type Happening, type JobWorld, type Order } from "../page/drawing.ts";
import { decode, encode } from "../protocol/canonical.ts";
import { openAdmitted } from "../protocol/consent.ts";
import type { DisclosureBytes, JobBytes } from "../protocol/job.ts";
import { concat, digest, fromB64u, fromHex, sha256, utf8, type Bytes } from "../protocol/scalars.ts";
import { context, replyKey } from "../protocol/sealing.ts";
import { FRAMES, LOTS, SIZES, type RosterEntry } from "../protocol/wire.ts";
import { LogWorld } from "./log_side.ts";
import { refusal } from "./refusal.ts";
import { openRequest, sealImage } from "./worker_side.ts";
import { NOW, World, type Cast } from "./world.ts";

export const IMAGE = Uint8Array.from({ length: 100_000 }, (_, i) => i % 251); // two chunks

export function frame(kind: keyof typeof FRAMES, payload: Uint8Array = new Uint8Array()): Bytes {
  const header = new DataView(new ArrayBuffer(5));
  header.setUint8(0, FRAMES[kind]);
  header.setUint32(1, payload.length);
  return concat(new Uint8Array(header.buffer), payload);
}

export type Pool = Cast["pool"];

/** A gateway with honest workers behind it; `frames` says what it sends, so that an attack is an edit of it. */
export class Gateway implements JobWorld {
  readonly workers: readonly World[];
  readonly posted: DisclosureBytes[] = [];
  frames: (gateway: Gateway) => AsyncGenerator<Bytes> = honest;
  /** The worker that the browser picked. */
  chosen: World;
  #arrived: (() => void) | undefined;
  readonly disclosed = new Promise<void>((resolve) => {
    this.#arrived = resolve;
  });

  private constructor(workers: readonly World[], first: World) {
    this.workers = workers;
    this.chosen = first;
  }

  /** One with as many workers as `pool` asks for. */
  static async of(pool: Pool = "company"): Promise<Gateway> {
    const log = await LogWorld.make();
    const first = await World.make("browser", { pool, log });
    const more = Array.from({ length: LOTS[first.pool] - 1 }, (_, i) => i + 2);
    const others = more.map((lot) => World.make("browser", { pool, log, lot, worker: `worker ${lot}` }));
    return new Gateway([first, ...(await Promise.all(others))], first);
  }

  get world(): World {
    return this.chosen;
  }

  pick({ worker }: RosterEntry): void {
    const chosen = this.workers.find((world) => world.worker.kid === worker);
    assert.ok(chosen);
    this.chosen = chosen;
  }

  now(): number {
    return NOW;
  }

  openJob(_: JobBytes): AsyncGenerator<Bytes> {
    return this.frames(this);
  }

  async postDisclosure(_: string, body: DisclosureBytes): Promise<void> {
    this.posted.push(body);
    this.#arrived?.();
  }

  /** What the worker's child makes of the disclosure: the sealed chunks of IMAGE. */
  async sealed(): Promise<Bytes[]> {
    const [body] = this.posted;
    assert.ok(body);
    const length = new DataView(body.buffer, body.byteOffset).getUint32(0);
    const [disclosure, request] = [body.slice(4, 4 + length), body.slice(4 + length)];
    assert.equal(request.length, SIZES.sealedRequest);
    const { offerHash, claimHash } = await this.world.checked();
    const info = await context(fromHex(offerHash), fromHex(claimHash), await sha256(disclosure));
    const asked = decode("SealedRequest", await openRequest(request, this.world.hpkeSeed, info));
    const key = await replyKey(fromB64u(asked.response_secret), request, fromHex(claimHash), "encrypt");
    return sealImage(IMAGE, key, 0);
  }
}

export function chunkFrame(sealed: Bytes, chunk: number, last: boolean): Bytes {
  const header = new DataView(new ArrayBuffer(7));
  header.setUint32(2, chunk);
  header.setUint8(6, last ? 1 : 0);
  return frame("image", concat(new Uint8Array(header.buffer), sealed));
}

/** What a worker's claim is told with. */
export async function claimFrames(world: World): Promise<Bytes[]> {
  return [
    frame("offer", await world.offer()),
    frame("roster", utf8(await world.roster())),
    frame("proof", utf8(await world.rosterProof())),
    frame("claim", utf8(await world.claim())),
  ];
}

export function choose(claims: number, lots: number): Bytes {
  return frame("choose", encode("Choose", { kind: "likeness/choose/v1", claims, lots }));
}

export async function* claimed({ workers }: Gateway): AsyncGenerator<Bytes> {
  const waiting = { waited_seconds: 1, gives_up_after_seconds: 60, ahead: 0, workers: 1 };
  yield frame("waiting", encode("Waiting", { kind: "likeness/waiting/v1", ...waiting }));
  for (const world of workers) yield concat(...(await claimFrames(world)));
  yield choose(workers.length, workers.length);
}

export async function* drawn(gateway: Gateway): AsyncGenerator<Bytes, Bytes[]> {
  yield* claimed(gateway);
  await gateway.disclosed;
  const progress = { phase: "drawing", image: 0, images: 1, step: 1, steps: 2 } as const;
  yield frame("progress", encode("Progress", { kind: "likeness/progress/v1", ...progress }));
  const sealed = await gateway.sealed();
  for (const [i, chunk] of sealed.entries()) yield chunkFrame(chunk, i, i === sealed.length - 1);
  return sealed;
}

export async function* honest(gateway: Gateway): AsyncGenerator<Bytes> {
  const sealed = yield* drawn(gateway);
  const receipt = await gateway.world.receipt({ result: await digest(concat(...sealed)) });
  yield frame("receipt", utf8(receipt));
  yield concat(frame("proof", utf8(await gateway.world.receiptProof(receipt))), frame("end"));
}

export async function orderIn(world: World, edits: Partial<Order> = {}): Promise<Order> {
  const grant = await world.grant();
  const policy = world.log.policyText;
  const gateway = [world.gateway.jwk];
  const { token, tokenJws, listed } = await openAdmitted(await world.admitted(), { gateway, grant, policy, now: NOW });
  const file = await world.consentFile();
  const agreement = { signer: world.browser, grant, tokenJws, token, listed, file, disclosures: 0, images: 0 };
  return { agreement, gateway, policy, company: null, record: world.record, style: "studio", images: 1, ...edits };
}

export async function happenings(gateway: Gateway, edits: Partial<Order> = {}): Promise<Happening[]> {
  const all: Happening[] = [];
  const order = await orderIn(gateway.world, edits);
  for await (const happening of draw(order, gateway, new AbortController().signal)) {
    // The honest end is played by the worker that was picked.
    if (happening.is === "chosen") gateway.pick(happening.checked.roster);
    all.push(happening);
  }
  return all;
}

export interface Refused {
  readonly pool?: Pool;
  readonly order?: Partial<Order>;
}

export async function refusalOf(
  frames: Gateway["frames"],
  { pool, order = {} }: Refused = {},
): Promise<{ code: string; posted: number }> {
  const gateway = await Gateway.of(pool);
  gateway.frames = frames;
  return { code: await refusal(() => happenings(gateway, order)), posted: gateway.posted.length };
}

/** The frames of one claim with some of them edited. */
export async function edited(
  world: World,
  edits: { readonly [kind in "offer" | "roster" | "proof" | "claim"]?: Bytes | string },
): Promise<Bytes> {
  const said = {
    offer: await world.offer(),
    roster: await world.roster(),
    proof: await world.rosterProof(),
    claim: await world.claim(),
    ...edits,
  };
  const frames = Object.entries(said) as [keyof typeof said, Bytes | string][];
  return concat(...frames.map(([kind, raw]) => frame(kind, typeof raw === "string" ? utf8(raw) : raw)));
}
