// The browser models, run by onnxruntime's wasm build from bytes that the page handed over: nothing is loaded here.

import { env, InferenceSession, Tensor } from "onnxruntime-web/wasm";

import type { ModelRole } from "../protocol/bundle_manifest.ts";
import { LikenessError } from "../protocol/errors.ts";
import { AGE_SIZE, EMBED_SIZE } from "./align.ts";
import { DETECT_SIZE } from "./detect.ts";
import { MESH_SIZE } from "./mesh.ts";
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
    const ready = new Models(sessions);
    await rehearse(ready);
    return ready;
  } catch {
    throw new LikenessError("models-unavailable");
  }
}

/** Runs each model once on nothing: the first run of all is several times slower, and this one nobody waits for. */
async function rehearse(models: Models): Promise<void> {
  const blank = (size: number): ImageData => new ImageData(size, size);
  await models.run("detect", { rgba: blank(DETECT_SIZE) });
  await models.run("mesh", { rgba: blank(MESH_SIZE) });
  await models.run("age", { rgba: blank(AGE_SIZE) });
  if (models.has("embed")) await models.run("embed", { rgba: blank(EMBED_SIZE) });
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
