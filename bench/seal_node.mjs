// The browser's share of bench_seal.py, in Node: bundled with gateway/web/protocol, it prints seconds per call and round.

import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core";

import { chunkAlgorithm, openImage, pad, sealRequest, SUITE } from "../gateway/web/protocol/sealing.ts";
import { SIZES } from "../gateway/web/protocol/wire.ts";

const [rounds, calls, requestBytes, imageBytes] = process.argv.slice(2).map(Number);

const plain = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });
const info = new Uint8Array(32).fill(7);
const request = new Uint8Array(requestBytes).fill(1);
const ours = await SUITE.kem.generateKeyPair();
const raw = new Uint8Array(await SUITE.kem.serializePublicKey(ours.publicKey));
const theirs = await plain.kem.generateKeyPair();
const theirRaw = await plain.kem.serializePublicKey(theirs.publicKey);

const key = await crypto.subtle.importKey("raw", new Uint8Array(32).fill(9), "AES-GCM", false, ["encrypt", "decrypt"]);
const { chunks, whole } = await sealedImage();
const bare = { name: "AES-GCM", iv: new Uint8Array(12) };
const sealedWhole = await crypto.subtle.encrypt(bare, key, whole);

const contenders = {
  "seal a request": () => sealRequest(request, raw, info),
  "seal a request, plain": sealPlain,
  "open an image": () => openImage(chunks, key, 0),
  "open an image, bare": () => crypto.subtle.decrypt(bare, key, sealedWhole),
};

async function sealPlain() {
  // Like sealRequest, from the bytes of a public key on.
  const recipientPublicKey = await plain.kem.importKey("raw", theirRaw, true);
  return plain.seal({ recipientPublicKey, info }, pad(request, SIZES.requestRoom));
}

async function sealedImage() {
  const count = Math.ceil((imageBytes + 4) / SIZES.chunk);
  const padded = pad(new Uint8Array(imageBytes).fill(5), count * SIZES.chunk);
  const parts = [];
  for (let i = 0; i < count; i++) {
    const at = { image: 0, chunk: i, last: i === count - 1 };
    const part = padded.subarray(i * SIZES.chunk, (i + 1) * SIZES.chunk);
    parts.push(new Uint8Array(await crypto.subtle.encrypt(chunkAlgorithm(at), key, part)));
  }
  return { chunks: parts, whole: padded };
}

const samples = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
for (let round = -1; round < rounds; round++) {
  for (const [name, call] of Object.entries(contenders)) {
    const started = performance.now();
    for (let i = 0; i < calls; i++) await call();
    if (round >= 0) samples[name].push((performance.now() - started) / calls / 1000); // the first round warms
  }
}
console.log(JSON.stringify(samples));
