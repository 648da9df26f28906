// A fixed time, fixed keys and a record of nobody, the same as in tests/statements.py.

import { attributesFrom, quantise, type LikenessRecord } from "../protocol/embedding.ts";
import { concat, sha256, utf8, type Bytes } from "../protocol/scalars.ts";
import { thumbprint, type Signer } from "../protocol/signing.ts";

export const NOW = 1_800_000_000;

/** 32 fixed bytes that belong to `name`. */
export async function seed(name: string): Promise<Bytes> {
  return sha256(utf8(`likeness test seed ${name}`));
}

/** The fixed Ed25519 key of `name`. */
export async function signerNamed(name: string): Promise<Signer> {
  // RFC 8410: the 32-byte seed behind the fixed head of a PKCS#8 private key.
  const head = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20);
  const pkcs8 = concat(head, await seed(name));
  const privateKey = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", true, ["sign"]);
  const { x = "" } = await crypto.subtle.exportKey("jwk", privateKey);
  const jwk = { crv: "Ed25519", kty: "OKP", x } as const;
  return { privateKey, jwk, kid: await thumbprint(jwk) };
}

/** A record with all parts, of nobody. */
export function exampleRecord(): LikenessRecord {
  const vector = Array.from({ length: 128 }, (_, i) => (((i * 37) % 101) - 50) / 400);
  return {
    geometry: Int8Array.from({ length: 24 }, (_, i) => ((i * 11 - 120 + 256) % 256 === 128 ? 0 : i * 11 - 120)),
    look: {
      colours: [[38, 14, 16], [-4, 28, 12], [-52, 5, 7], [-60, 3, 4], null],
      attributes: attributesFrom({
        hair: "side",
        hair_volume: "medium",
        hairline: "full",
        headwear: "none",
        beard: "none",
        moustache: "none",
        glasses: "rectangular",
        glasses_colour: "black",
        age_look: "middle",
        face_softness: "between",
        smile: "soft",
        brow_weight: "medium",
      }),
    },
    embedding: quantise(vector),
  };
}
