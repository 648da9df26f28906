import assert from "node:assert/strict";
import { test } from "node:test";

import { refusal } from "../testing/refusal.ts";
import { World } from "../testing/world.ts";
import { checkModel, openEdgeManifest } from "./bundle_manifest.ts";
import { encode } from "./canonical.ts";
import { LikenessError, fromPeer } from "./errors.ts";
import { openFacts } from "./facts.ts";
import { digest, digestOfText, utf8 } from "./scalars.ts";
import type { EdgeModel, Facts } from "./wire.ts";

async function facts(notice: string): Promise<Facts> {
  const { gateway } = await World.make();
  return {
    kind: "likeness/facts/v1",
    operator: "Example Ltd",
    contact: "someone at example",
    region: "local",
    keys: [gateway.jwk],
    notice: { digest: await digestOfText("a notice"), text: notice },
    pools: [{ name: "company", promise: "p", lots: 1, workers: 1 }],
    bundles: [],
    limits: { max_images: 2, max_disclosures: 1, token_seconds: 900, claim_seconds: 60, job_seconds: 120 },
  };
}

test("facts are believed only with a notice of the digest that a consent will name", async () => {
  const good = encode("Facts", await facts("a notice"));
  assert.equal((await openFacts(good)).operator, "Example Ltd");
  assert.equal(await refusal(async () => openFacts(encode("Facts", await facts("another notice")))), "notice-outdated");
});

test("a model is the file of its digest, and each role has one", async () => {
  const raw = utf8("a model");
  const model: EdgeModel = {
    role: "mesh",
    file: "mesh.onnx",
    sha256: await digest(raw),
    bytes: raw.length,
    package: "p",
    package_version: "1",
    source_file: "s",
    source_sha256: null,
    licence: "l",
    training_data: "t",
    inputs: { rgba: "uint8[192,192,4]" },
    outputs: {},
  };
  const manifest = (models: EdgeModel[]): Uint8Array => encode("EdgeManifest", { kind: "likeness/edge/v1", models });
  assert.deepEqual(openEdgeManifest(manifest([model])).models, [model]);
  assert.equal(await refusal(() => openEdgeManifest(manifest([model, model]))), "models-unavailable");
  assert.equal(await refusal(() => openEdgeManifest(utf8("{}"))), "models-unavailable");
  await checkModel(model, raw);
  assert.equal(await refusal(() => checkModel(model, utf8("b model"))), "models-unavailable");
});

test("a peer's code is ours, or not expected", () => {
  const known = fromPeer({ code: "no-worker", detail: "d" });
  assert.deepEqual([known.code, known.fault, known.detail], ["no-worker", "operator", "d"]);
  const unknown = fromPeer({ code: "toString", detail: "d" });
  assert.deepEqual([unknown.code, unknown.detail], ["not-expected", "toString: d"]);
  assert.equal(new LikenessError("no-face").message, "No face was found.");
});
