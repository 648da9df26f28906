// Our vision worker with our models, asked as the page asks it (gateway/web/page/vision_door.ts).

const wasmName = new URLSearchParams(location.search).get("wasm");
const worker = new Worker("/ours/vision.js", { type: "module" });

async function load(url, sha256) {
  const raw = await (await fetch(url)).arrayBuffer();
  if (sha256) {
    const found = new Uint8Array(await crypto.subtle.digest("SHA-256", raw));
    const hex = Array.from(found, (byte) => byte.toString(16).padStart(2, "0")).join("");
    if (hex !== sha256) throw new Error(`${url} is not the expected file`);
  }
  return raw;
}

function ask(message, transfer = []) {
  return new Promise((resolve, reject) => {
    worker.onerror = (event) => reject(new Error(event.message));
    worker.onmessage = ({ data }) => {
      if (data.say === "refused") reject(new Error(data.code));
      else if (data.say !== "step") resolve(data);
    };
    worker.postMessage(message, transfer);
  });
}

export async function prepare() {
  const [wasm, manifest] = await Promise.all([
    load(`/ours/${wasmName}`),
    fetch("/models/manifest.json").then((answer) => answer.json()),
  ]);
  const loaded = await Promise.all(manifest.models.map(({ file, sha256 }) => load(`/models/${file}`, sha256)));
  const models = Object.fromEntries(manifest.models.map(({ role }, i) => [role, loaded[i]]));
  await ask({ ask: "prepare", wasm, models }, [wasm, ...loaded]);
}

export async function embed(photo) {
  const { measured } = await ask({ ask: "measure", photo });
  return measured.embedding;
}

/** Threads would be nested workers, which the vision worker may not start. */
export const threads = () => 1;
