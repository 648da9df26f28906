// The browser models, run by onnxruntime's wasm build from bytes that the page handed over: nothing is loaded here.

import { env, InferenceSession, Tensor } from "onnxruntime-web/wasm";

import type { ModelRole } from "../protocol/bundle_manifest.ts";
import { LikenessError } from "../protocol/errors.ts";
import type { ModelBytes } from "./messages.ts";

type Input = ImageData | { readonly data: Float32Array; readonly dims: readonly number[] };

/** Ready sessions by role. */
export class Models {
  readonly #sessions: ReadonlyMap<string, InferenceSession>;

  constructor(sessions: ReadonlyMap<string, InferenceSession>) {
    this.#sessions = sessions;
  }

  has(role: ModelRole): boolean {
    return this.#sessions.has(role);
  }

  /** Outputs of one run by name. Images go in as they are, uint8[height, width, 4]: the graphs do the rest. */
  async run(role: ModelRole, inputs: Record<string, Input>): Promise<InferenceSession.ReturnType> {
    const session = this.#sessions.get(role);
    if (!session) throw new LikenessError("models-unavailable");
    return session.run(Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, tensor(input)])));
  }
}

/** Compiles the runtime and opens every model. @throws models-unavailable. */
export async function openModels(wasm: ArrayBuffer, models: ModelBytes): Promise<Models> {
  env.wasm.wasmBinary = wasm;
  env.wasm.numThreads = 1; // threads would be nested workers, which this worker may not start
  env.logLevel = "error";
  const sessions = new Map<string, InferenceSession>();
  try {
    for (const [role, bytes] of Object.entries(models)) sessions.set(role, await openModel(bytes));
  } catch {
    throw new LikenessError("models-unavailable");
  }
  return new Models(sessions);
}

function openModel(bytes: ArrayBuffer): Promise<InferenceSession> {
  return InferenceSession.create(bytes, {
    executionProviders: ["wasm"],
    // Weights are stored as uint8 with DequantizeLinear; left alone, each run would quantise activations too.
    extra: { session: { disable_quant_qdq: "1" } },
  });
}

function tensor(input: Input): Tensor {
  if (input instanceof ImageData) {
    const { data, width, height } = input;
    return new Tensor("uint8", new Uint8Array(data.buffer, data.byteOffset, data.byteLength), [height, width, 4]);
  }
  return new Tensor("float32", input.data, input.dims);
}
