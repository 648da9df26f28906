// @vladmandic/human on its wasm backend: detector, mesh, and the net that gives embedding and age; the rest is off.

const { Human } = await import("/human/dist/human.esm.js");

const off = { enabled: false };
const human = new Human({
  backend: "wasm",
  wasmPath: "/tfjs/",
  modelBasePath: "/human/models/",
  cacheModels: false,
  cacheSensitivity: 0,
  debug: false,
  filter: off,
  face: { enabled: true, mesh: { enabled: true }, iris: off, emotion: off, description: { enabled: true } },
  body: off,
  hand: off,
  object: off,
  gesture: off,
  segmentation: off,
});

export async function prepare() {
  await human.load();
}

export async function embed(photo) {
  const bitmap = await createImageBitmap(photo);
  const { face } = await human.detect(bitmap);
  bitmap.close();
  return face[0].embedding;
}

export const threads = () => human.tf.getThreadsCount();
