// Sealing a request to one worker's single-use key, and opening its images (spec/sealed-job.md sections 3 and 4).
//
// The twin of schemas/sealing.py: HPKE base mode (RFC 9180) with X-Wing, HKDF-SHA256, AES-256-GCM. The context is bound
// through `info`; every sealed request has one size.

import { Aes256Gcm, CipherSuite, HkdfSha256 } from "@hpke/core";
import { XWing } from "@hpke/hybridkem-x-wing";

import { LikenessError } from "./errors.ts";
import { concat, sha256, utf8, type Bytes } from "./scalars.ts";
import { LABELS, SIZES } from "./wire.ts";

declare const sealed: unique symbol;

/** A sealed request: `SIZES.sealedRequest` bytes that one process can open. Only `sealRequest` makes one. */
export type Sealed = Bytes & { readonly [sealed]: true };

export const SUITE = new CipherSuite({ kem: new XWing(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });

const LENGTH_BYTES = 4;

/** HPKE `info`: what the sealed request is bound to. Each argument is a 32-byte SHA-256. */
export async function context(offerHash: Bytes, claimHash: Bytes, disclosureHash: Bytes): Promise<Bytes> {
  return sha256(concat(utf8(LABELS.request), offerHash, claimHash, disclosureHash));
}

/**
 * `plaintext` sealed to `publicKey` (1216 bytes): always `SIZES.sealedRequest` long, `enc || ct`.
 *
 * `entropy` (64 bytes) is for vectors alone; without it the bytes come from the operating system.
 *
 * @throws too-large: more than `SIZES.requestRoom - 4` bytes.
 * @throws cannot-open: `publicKey` is not a key.
 */
export async function sealRequest(plaintext: Bytes, publicKey: Bytes, info: Bytes, entropy?: Bytes): Promise<Sealed> {
  if (plaintext.length > SIZES.requestRoom - LENGTH_BYTES) throw new LikenessError("too-large");
  if (publicKey.length !== SIZES.publicKey) throw new LikenessError("cannot-open", "not an X-Wing public key");
  try {
    const recipientPublicKey = await SUITE.kem.importKey("raw", publicKey.slice().buffer, true);
    const sender = { recipientPublicKey, info, ...(entropy ? { ekm: entropy } : {}) };
    const { enc, ct } = await SUITE.seal(sender, pad(plaintext, SIZES.requestRoom));
    return concat(new Uint8Array(enc), new Uint8Array(ct)) as Sealed;
  } catch (cause) {
    throw new LikenessError("cannot-open", "not an X-Wing public key", { cause });
  }
}

/** The AES key of the way back, known to this browser and the worker's child alone (spec/sealed-job.md 4.1). */
export async function replyKey(
  responseSecret: Bytes,
  request: Bytes,
  claimHash: Bytes,
  usage: "decrypt" | "encrypt" = "decrypt",
): Promise<CryptoKey> {
  const secret = await crypto.subtle.importKey("raw", responseSecret, "HKDF", false, ["deriveKey"]);
  const salt = request.slice(0, SIZES.enc);
  const info = concat(utf8(LABELS.reply), claimHash);
  return crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt, info },
    secret,
    { name: "AES-GCM", length: 256 },
    false,
    [usage],
  );
}

/**
 * The padded part of an image that one sealed chunk holds.
 *
 * @throws result-invalid: altered, of another size, image or position, or not the last although `last` is said.
 */
async function openChunk(chunk: Bytes, key: CryptoKey, at: ChunkPlace): Promise<Bytes> {
  if (chunk.length !== SIZES.sealedChunk) throw new LikenessError("result-invalid");
  try {
    return new Uint8Array(await crypto.subtle.decrypt(chunkAlgorithm(at), key, chunk));
  } catch (cause) {
    throw new LikenessError("result-invalid", undefined, { cause });
  }
}

/** Where in a result a chunk belongs. */
export interface ChunkPlace {
  readonly image: number;
  readonly chunk: number;
  readonly last: boolean;
}

/** AES-GCM as spec/sealed-job.md 4.2 uses it: the nonce is the place, and the key is fresh for every request. */
export function chunkAlgorithm(at: ChunkPlace): { name: "AES-GCM"; iv: Bytes; additionalData: Bytes } {
  const iv = new Uint8Array(12);
  const view = new DataView(iv.buffer);
  view.setUint32(0, at.image);
  view.setBigUint64(4, BigInt(at.chunk));
  return { name: "AES-GCM", iv, additionalData: concat(utf8(LABELS.image), Uint8Array.of(at.last ? 1 : 0)) };
}

/**
 * The image (an encoded file) whose sealed `chunks` are all here, in order.
 *
 * @throws result-invalid: a chunk is missing, altered, repeated, out of order, or the padding is wrong.
 */
export async function openImage(chunks: readonly Bytes[], key: CryptoKey, image: number): Promise<Bytes> {
  if (chunks.length === 0 || chunks.length > SIZES.maxImageChunks) throw new LikenessError("result-invalid");
  const parts: Bytes[] = [];
  for (const [chunk, raw] of chunks.entries()) {
    parts.push(await openChunk(raw, key, { image, chunk, last: chunk === chunks.length - 1 }));
  }
  return unpad(concat(...parts), "result-invalid");
}

/** `u32 big-endian length || plaintext || zeros`, `size` bytes in all. */
export function pad(plaintext: Bytes, size: number): Bytes {
  const padded = new Uint8Array(size);
  new DataView(padded.buffer).setUint32(0, plaintext.length);
  padded.set(plaintext, LENGTH_BYTES);
  return padded;
}

/**
 * The inverse of `pad`.
 *
 * @throws `code`: the length is too large or a padding byte is not zero.
 */
export function unpad(padded: Bytes, code: "cannot-open" | "result-invalid"): Bytes {
  const length = new DataView(padded.buffer, padded.byteOffset).getUint32(0);
  const end = LENGTH_BYTES + length;
  if (end > padded.length || padded.subarray(end).some((byte) => byte !== 0)) throw new LikenessError(code);
  return padded.slice(LENGTH_BYTES, end);
}
