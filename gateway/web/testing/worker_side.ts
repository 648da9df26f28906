// The other end of sealing.ts, as schemas/sealing.py has it. No part of the page.

import { XWing } from "@hpke/hybridkem-x-wing";

import { LikenessError } from "../protocol/errors.ts";
import type { Bytes } from "../protocol/scalars.ts";
import { SUITE, chunkAlgorithm, pad, unpad } from "../protocol/sealing.ts";
import { SIZES } from "../protocol/wire.ts";

/**
 * The plaintext of `sealed`, opened with the key pair of a 32-byte X-Wing `seed`.
 *
 * @throws sealed-size: not `SIZES.sealedRequest` long.
 * @throws cannot-open: sealed to another key or context, altered, or padded with anything but zeros.
 */
export async function openRequest(sealed: Bytes, seed: Bytes, info: Bytes): Promise<Bytes> {
  if (sealed.length !== SIZES.sealedRequest) throw new LikenessError("sealed-size");
  const recipientKey = await SUITE.kem.importKey("raw", seed.slice().buffer, false);
  try {
    const enc = sealed.slice(0, SIZES.enc);
    const padded = await SUITE.open({ recipientKey, enc, info }, sealed.slice(SIZES.enc));
    return unpad(new Uint8Array(padded), "cannot-open");
  } catch (cause) {
    throw new LikenessError("cannot-open", undefined, { cause });
  }
}

/** The X-Wing public key (1216 bytes) of a 32-byte `seed`. */
export async function publicKeyOf(seed: Bytes): Promise<Bytes> {
  const kem = new XWing();
  // The library sets itself up in its other methods only.
  await kem.importKey("raw", seed.slice().buffer, false);
  const { publicKey } = await kem.generateKeyPairDerand(seed);
  return new Uint8Array(await kem.serializePublicKey(publicKey));
}

/** `image` as sealed chunks of `SIZES.sealedChunk` bytes each. */
export async function sealImage(image: Bytes, key: CryptoKey, index: number): Promise<Bytes[]> {
  const count = Math.ceil((image.length + 4) / SIZES.chunk);
  const padded = pad(image, count * SIZES.chunk);
  const chunks: Bytes[] = [];
  for (let chunk = 0; chunk < count; chunk++) {
    const place = chunkAlgorithm({ image: index, chunk, last: chunk === count - 1 });
    const part = padded.slice(chunk * SIZES.chunk, (chunk + 1) * SIZES.chunk);
    chunks.push(new Uint8Array(await crypto.subtle.encrypt(place, key, part)));
  }
  return chunks;
}
