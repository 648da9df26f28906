// The only file that calls `fetch`.
//
// What it can send are three branded types, and each has one maker: a statement signed by K_u (a consent or its
// withdrawal), the body that opens a job, and a disclosure, whose record is sealed. No function here takes a photo, a crop, or a plain record.

import { openEdgeManifest } from "../protocol/bundle_manifest.ts";
import { fromPeer, LikenessError } from "../protocol/errors.ts";
import { openFacts } from "../protocol/facts.ts";
import type { DisclosureBytes, JobBytes } from "../protocol/job.ts";
import { digest, type Bytes } from "../protocol/scalars.ts";
import type { SignedStatement } from "../protocol/signing.ts";
import type { EdgeManifest, Facts } from "../protocol/wire.ts";

/** A file of our own origin, known by its digest before it is asked for. */
export interface Pinned {
  readonly url: string;
  readonly sha256: string;
  readonly bytes: number;
}

const CACHE = "likeness-pinned-v1";
const PLAIN: RequestInit = { cache: "no-store", credentials: "omit", redirect: "error", referrerPolicy: "no-referrer" };

/** What the gateway says of itself. @throws gateway-unreachable, or any refusal of `openFacts`. */
export async function getFacts(): Promise<Facts> {
  return openFacts(await readAll(await ask("/api/v1/facts")));
}

/** The browser models on offer. @throws gateway-unreachable, models-unavailable. */
export async function getEdgeManifest(signal: AbortSignal): Promise<EdgeManifest> {
  return openEdgeManifest(await readAll(await ask("/models/manifest.json", { signal })));
}

/** The gateway's answer to a consent. @throws gateway-unreachable, or the gateway's refusal. */
export async function postGrant(grant: SignedStatement): Promise<Bytes> {
  return readAll(await ask("/api/v1/consents", { method: "POST", body: grant }));
}

/** The gateway's answer to a withdrawal. @throws gateway-unreachable, or the gateway's refusal. */
export async function postRevocation(revocation: SignedStatement): Promise<Bytes> {
  return readAll(await ask("/api/v1/revocations", { method: "POST", body: revocation }));
}

/** Opens a job; the answer's pieces as they come. @throws gateway-unreachable, or the gateway's refusal. */
export async function* openJob(body: JobBytes, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const answer = await ask("/api/v1/jobs", { method: "POST", body, signal });
  yield* pieces(answer, signal);
}

/** Hands a sealed record to the worker of one claim. @throws gateway-unreachable, or the gateway's refusal. */
export async function postDisclosure(offerId: string, body: DisclosureBytes, signal: AbortSignal): Promise<void> {
  await ask(`/api/v1/jobs/${offerId}/disclosures`, { method: "POST", body, signal });
}

/**
 * The bytes of `file`, from the browser's cache or from the gateway, checked against its digest either way. `arrived`
 * hears how many bytes more are there.
 *
 * @throws gateway-unreachable, models-unavailable.
 */
export async function loadPinned(
  file: Pinned,
  arrived: (bytes: number) => void,
  signal: AbortSignal,
): Promise<ArrayBuffer> {
  const cache = await caches.open(CACHE).catch(() => undefined); // private windows may refuse: then nothing is kept
  const key = `/pinned/${file.sha256}`;
  const kept = await cache?.match(key);
  if (kept) {
    const bytes = new Uint8Array(await kept.arrayBuffer());
    if ((await digest(bytes)) === file.sha256) {
      arrived(file.bytes);
      return bytes.buffer;
    }
    await cache?.delete(key);
  }
  const bytes = await readAll(await ask(file.url, { cache: "default", signal }), arrived, signal);
  if ((await digest(bytes)) !== file.sha256) throw new LikenessError("models-unavailable");
  await cache?.put(key, new Response(bytes)).catch(() => undefined); // no room: it works without
  return bytes.buffer;
}

async function ask(url: string, more: RequestInit = {}): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(url, { ...PLAIN, ...more });
  } catch (cause) {
    more.signal?.throwIfAborted();
    throw new LikenessError("gateway-unreachable", undefined, { cause });
  }
  if (answer.ok) return answer;
  throw await refusalOf(answer);
}

/** RFC 9457 says why; anything else is a gateway that is not itself. */
async function refusalOf(answer: Response): Promise<LikenessError> {
  const problem = (await answer.json().catch(() => undefined)) as { code?: unknown; detail?: unknown } | undefined;
  if (typeof problem?.code !== "string") return new LikenessError("gateway-unreachable", `HTTP ${answer.status}`);
  return fromPeer({ code: problem.code, detail: typeof problem.detail === "string" ? problem.detail : "" });
}

async function* pieces(answer: Response, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const reader = answer.body?.getReader();
  if (!reader) return;
  try {
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) yield piece.value;
  } catch (cause) {
    signal?.throwIfAborted();
    throw new LikenessError("gateway-unreachable", undefined, { cause });
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

async function readAll(
  answer: Response,
  arrived: (bytes: number) => void = () => undefined,
  signal?: AbortSignal,
): Promise<Bytes> {
  const parts: Uint8Array[] = [];
  for await (const piece of pieces(answer, signal)) {
    parts.push(piece);
    arrived(piece.length);
  }
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
