// Ask face-api, on its own TensorFlow.js (CPU backend), about the probes and store its answers as <role>.json.
//
//   python -m edge_export.probes PROBES
//   node make_faceapi.mjs --package PACKAGE --probes PROBES
//
// PACKAGE is the unpacked archive of the pinned npm package @vladmandic/face-api.

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { package: { type: "string" }, probes: { type: "string" } } });
const { version } = JSON.parse(readFileSync(join(values.package, "package.json"), "utf8"));

// The browser bundle takes Node for a platform whose text encoder it then fails to find: look like neither while
// it loads, and give it a platform afterwards.
const versions = process.versions;
Object.defineProperty(process, "versions", { value: { ...versions, node: undefined } });
const faceapi = await import(pathToFileURL(join(values.package, "dist/face-api.esm.js")).href);
Object.defineProperty(process, "versions", { value: versions });
const { tf } = faceapi;
tf.env().setPlatform("node", {
  now: () => performance.now(),
  encode: (text) => new TextEncoder().encode(text),
  decode: (bytes) => new TextDecoder().decode(bytes),
  isTypedArray: (value) => ArrayBuffer.isView(value),
  setTimeoutCustom: (call, delay) => setTimeout(call, delay),
});
await tf.setBackend("cpu");
await tf.ready();

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

const networks = {
  embed: {
    side: 150,
    file: "face_recognition_model",
    net: new faceapi.FaceRecognitionNet(),
    outputs: (net, input) => ({ embedding: { tensor: net.forwardInput(input), shape: [1, 128] } }),
  },
  age: {
    side: 112,
    file: "age_gender_model",
    net: new faceapi.AgeGenderNet(),
    outputs: (net, input) => ({ age: { tensor: net.forwardInput(input).age, shape: [1, 1] } }),
  },
};

for (const [role, { side, file, net, outputs }] of Object.entries(networks)) {
  const weights = readFileSync(join(values.package, "model", `${file}.bin`));
  const manifest = JSON.parse(readFileSync(join(values.package, "model", `${file}-weights_manifest.json`), "utf8"));
  const specs = manifest.flatMap((group) => group.weights);
  const buffer = weights.buffer.slice(weights.byteOffset, weights.byteOffset + weights.byteLength);
  net.loadFromWeightMap(tf.io.decodeWeights(buffer, specs));
  const answers = ["drawn", "noise", "photo"].map((probe) => {
    const rgba = readFileSync(join(values.probes, `${role}-${probe}.rgba`));
    const rgb = Float32Array.from(rgba.filter((_, at) => at % 4 !== 3));
    const input = new faceapi.NetInput([tf.tensor3d(rgb, [side, side, 3])]);
    const found = Object.entries(outputs(net, input)).map(([name, { tensor, shape }]) => {
      const floats = Buffer.from(Float32Array.from(tensor.dataSync()).buffer);
      return [name, { float32_le: floats.toString("base64"), shape }];
    });
    return { input_sha256: sha256(rgba), outputs: Object.fromEntries(found), probe };
  });
  const stored = {
    answers,
    command: "node make_faceapi.mjs --package PACKAGE --probes PROBES",
    runtime: `@vladmandic/face-api ${version} on TensorFlow.js ${tf.version_core ?? tf.version["tfjs-core"]}, CPU backend, Node ${process.version}`,
    source_sha256: sha256(weights),
  };
  writeFileSync(join(import.meta.dirname, `${role}.json`), `${JSON.stringify(stored, null, 1)}\n`);
}
