// What the browser's models say of themselves (spec/bundle.md). The twin of EdgeManifest in schemas/bundle_manifest.py.

import { decode } from "./canonical.ts";
import { LikenessError } from "./errors.ts";
import { digest, type Bytes } from "./scalars.ts";
import type { EdgeManifest, EdgeModel } from "./wire.ts";

export type ModelRole = EdgeModel["role"];

/**
 * The manifest in `raw`, with each role once.
 *
 * @throws models-unavailable: not a manifest.
 */
export function openEdgeManifest(raw: Uint8Array): EdgeManifest {
  try {
    const manifest = decode("EdgeManifest", raw);
    if (new Set(manifest.models.map((model) => model.role)).size === manifest.models.length) return manifest;
  } catch (cause) {
    throw new LikenessError("models-unavailable", undefined, { cause });
  }
  throw new LikenessError("models-unavailable", "two models have one role");
}

/**
 * Returns when `raw` is the file that `model` names.
 *
 * @throws models-unavailable: another length or digest.
 */
export async function checkModel(model: EdgeModel, raw: Bytes): Promise<void> {
  const isSame = raw.length === model.bytes && (await digest(raw)) === model.sha256;
  if (!isSame) throw new LikenessError("models-unavailable", `${model.role} differs from its digest`);
}
