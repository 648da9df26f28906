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

/** How much of the models has arrived, 0 to 1. */
export type Arrival = (share: number) => void;

export class VisionDoor {
  #worker: Worker | undefined;
  #ready: Promise<void> | undefined;
  #stop: ((reason: unknown) => void) | undefined;

  /** Loads and opens the models, once; later calls wait for the same. @throws models-unavailable, gateway-unreachable. */
  prepare(withEmbedder: boolean, arrival: Arrival): Promise<void> {
    this.#ready ??= this.#open(withEmbedder, arrival).catch((error: unknown) => {
      this.end();
      throw error;
    });
    return this.#ready;
  }

  /** What the photo says about its one face; the file or frame is gone from the page afterwards. @throws PHOTO_ERRORS. */
  async measure(photo: Blob | ImageBitmap, step: (now: VisionStep) => void): Promise<Measured> {
    const transfer = photo instanceof Blob ? [] : [photo];
    const answer = await this.#ask({ ask: "measure", photo }, transfer, step);
    if (answer.say !== "measured") throw new LikenessError("not-expected");
    return answer.measured;
  }

  /** Ends the worker; what was going on fails with an AbortError. */
  end(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#ready = undefined;
    this.#stop?.(new DOMException("the vision worker was ended", "AbortError"));
  }

  async #open(withEmbedder: boolean, arrival: Arrival): Promise<void> {
    const { wasm, models } = await loadModels(withEmbedder, arrival);
    this.#worker = new Worker(trusted(__VISION_URL__), { type: "module", name: "vision" });
    await this.#ask({ ask: "prepare", wasm, models }, [wasm, ...Object.values(models)]);
  }

  #ask(asked: ToVision, transfer: Transferable[], step?: (now: VisionStep) => void): Promise<FromVision> {
    const worker = this.#worker;
    if (!worker) return Promise.reject(new LikenessError("models-unavailable"));
    return new Promise((resolve, reject) => {
      this.#stop = reject;
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

async function loadModels(withEmbedder: boolean, arrival: Arrival): Promise<{ wasm: ArrayBuffer; models: ModelBytes }> {
  const runtime: Pinned = { url: __ORT_WASM_URL__, sha256: __ORT_WASM_SHA256__, bytes: __ORT_WASM_BYTES__ };
  const wanted = (await getEdgeManifest()).models.filter(({ role }) => withEmbedder || role !== "embed");
  const files = [runtime, ...wanted.map(pinned)];
  const total = files.reduce((sum, file) => sum + file.bytes, 0);
  let arrived = 0;
  const [wasm, ...bytes] = await Promise.all(
    files.map((file) => loadPinned(file, (more) => arrival(Math.min(1, (arrived += more) / total)))),
  );
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
