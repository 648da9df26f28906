// The page's side of the vision worker: starts it, hands it models and the photo, and ends it.
//
// To abort is to end the worker: that frees the photo and all that was derived from it at once.

import { LikenessError } from "../protocol/errors.ts";
import type { EdgeManifest } from "../protocol/wire.ts";
import type { FromVision, Measured, ModelBytes, ToVision, VisionStep } from "../vision/messages.ts";
import { getEdgeManifest, loadPinned, type Pinned } from "./net.ts";

declare const __ORT_WASM_URL__: string;
declare const __ORT_WASM_SHA256__: string;
declare const __ORT_WASM_BYTES__: number;
declare const __VISION_URL__: string;

/** Hears how much of the models has arrived, 0 to 1. */
export type Arrival = (share: number) => void;

export class VisionDoor {
  #life = new AbortController();
  #worker: Worker | undefined;
  #ready: Promise<void> | undefined;
  #arrival: Arrival = () => undefined;

  /**
   * Loads and opens the models, once; later calls wait for the same, and the last one's `arrival` hears of it.
   *
   * @throws models-unavailable, gateway-unreachable; or an AbortError after `end`.
   */
  prepare(withEmbedder: boolean, arrival: Arrival): Promise<void> {
    this.#arrival = arrival;
    const { signal } = this.#life;
    this.#ready ??= this.#open(withEmbedder, signal).catch((error: unknown) => {
      if (!signal.aborted) this.end(); // so that the next call tries again
      throw error;
    });
    return this.#ready;
  }

  /** What the photo says about its one face; the page holds neither file nor frame afterwards. @throws PHOTO_ERRORS. */
  async measure(photo: Blob | ImageBitmap, step: (now: VisionStep) => void): Promise<Measured> {
    const transfer = photo instanceof Blob ? [] : [photo];
    const answer = await this.#ask({ ask: "measure", photo }, transfer, step);
    if (answer.say !== "measured") throw new LikenessError("not-expected");
    return answer.measured;
  }

  /** Ends the worker and frees all it held; what was going on fails with an AbortError. */
  end(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#ready = undefined;
    this.#life.abort();
    this.#life = new AbortController();
  }

  async #open(withEmbedder: boolean, signal: AbortSignal): Promise<void> {
    const { wasm, models } = await loadModels(withEmbedder, (share) => this.#arrival(share), signal);
    signal.throwIfAborted();
    this.#worker = new Worker(trusted(__VISION_URL__), { type: "module", name: "vision" });
    await this.#ask({ ask: "prepare", wasm, models }, [wasm, ...Object.values(models)]);
  }

  #ask(asked: ToVision, transfer: Transferable[], step?: (now: VisionStep) => void): Promise<FromVision> {
    const worker = this.#worker;
    const { signal } = this.#life;
    if (!worker) return Promise.reject(new LikenessError("models-unavailable"));
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      worker.onerror = (): void => reject(new LikenessError("models-unavailable"));
      worker.onmessage = ({ data }: MessageEvent<FromVision>): void => {
        if (data.say === "step") step?.(data.step);
        else if (data.say === "refused") reject(new LikenessError(data.code));
        else resolve(data);
      };
      worker.postMessage(asked, transfer);
    });
  }
}

interface Loaded {
  readonly wasm: ArrayBuffer;
  readonly models: ModelBytes;
}

async function loadModels(withEmbedder: boolean, arrival: Arrival, signal: AbortSignal): Promise<Loaded> {
  const runtime: Pinned = { url: __ORT_WASM_URL__, sha256: __ORT_WASM_SHA256__, bytes: __ORT_WASM_BYTES__ };
  const wanted = (await getEdgeManifest(signal)).models.filter(({ role }) => withEmbedder || role !== "embed");
  const files = [runtime, ...wanted.map(pinned)];
  const total = files.reduce((sum, file) => sum + file.bytes, 0);
  let arrived = 0;
  const hear = (more: number): void => {
    arrived += more;
    arrival(Math.min(1, arrived / total));
  };
  const [wasm, ...bytes] = await Promise.all(files.map((file) => loadPinned(file, hear, signal)));
  const models: Partial<ModelBytes> = Object.fromEntries(wanted.map(({ role }, i) => [role, bytes[i]]));
  return { wasm: wasm as ArrayBuffer, models: complete(models) };
}

function pinned({ file, sha256, bytes }: EdgeManifest["models"][number]): Pinned {
  return { url: `/models/${file}`, sha256, bytes };
}

function complete(models: Partial<ModelBytes>): ModelBytes {
  const { detect, mesh, age, ruler, embed } = models;
  if (!detect || !mesh || !age || !ruler) throw new LikenessError("models-unavailable");
  return { detect, mesh, age, ruler, ...(embed ? { embed } : {}) };
}

interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
}

/** The one script URL that may become a worker (Trusted Types, where the browser has them). */
function trusted(url: string): string {
  const types = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes;
  policy ??= types?.createPolicy("likeness", {
    createScriptURL(asked) {
      if (asked !== __VISION_URL__) throw new TypeError("only the vision worker may be started");
      return asked;
    },
  });
  return policy ? policy.createScriptURL(url) : url;
}

let policy: ReturnType<TrustedTypes["createPolicy"]> | undefined;
