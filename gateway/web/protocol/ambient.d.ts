// All of the world that this folder may name: WebCrypto and UTF-8. The page and Node bring richer types of the same.

interface CryptoKey {
  readonly type: "private" | "public" | "secret";
  readonly extractable: boolean;
}

interface CryptoKeyPair {
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
}

type BufferSource = ArrayBuffer | ArrayBufferView<ArrayBuffer>;
type KeyUsage = "decrypt" | "deriveBits" | "deriveKey" | "encrypt" | "sign" | "verify";

interface OkpJwk {
  readonly crv?: string;
  readonly kty?: string;
  readonly x?: string;
}

interface SubtleCrypto {
  digest(algorithm: "SHA-256", data: BufferSource): Promise<ArrayBuffer>;
  generateKey(
    algorithm: { name: "Ed25519" },
    extractable: boolean,
    usages: readonly ["sign", "verify"],
  ): Promise<CryptoKeyPair>;
  exportKey(format: "jwk", key: CryptoKey): Promise<OkpJwk>;
  importKey(
    format: "raw",
    data: BufferSource,
    algorithm: "AES-GCM" | "Ed25519" | "HKDF" | { readonly name: "ECDSA"; readonly namedCurve: "P-256" },
    extractable: boolean,
    usages: readonly KeyUsage[],
  ): Promise<CryptoKey>;
  sign(algorithm: "Ed25519", key: CryptoKey, data: BufferSource): Promise<ArrayBuffer>;
  verify(
    algorithm: "Ed25519" | { readonly name: "ECDSA"; readonly hash: "SHA-256" },
    key: CryptoKey,
    signature: BufferSource,
    data: BufferSource,
  ): Promise<boolean>;
  encrypt(algorithm: AesGcm, key: CryptoKey, data: BufferSource): Promise<ArrayBuffer>;
  decrypt(algorithm: AesGcm, key: CryptoKey, data: BufferSource): Promise<ArrayBuffer>;
  deriveKey(
    algorithm: Hkdf,
    key: CryptoKey,
    derived: { name: "AES-GCM"; length: 256 },
    extractable: boolean,
    usages: readonly KeyUsage[],
  ): Promise<CryptoKey>;
}

interface AesGcm {
  readonly name: "AES-GCM";
  readonly iv: BufferSource;
  readonly additionalData: BufferSource;
}

interface Hkdf {
  readonly name: "HKDF";
  readonly hash: "SHA-256";
  readonly salt: BufferSource;
  readonly info: BufferSource;
}

declare const crypto: {
  readonly subtle: SubtleCrypto;
  getRandomValues<T extends ArrayBufferView<ArrayBuffer>>(array: T): T;
};

declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
}

declare class TextDecoder {
  constructor(label: "utf-8", options: { readonly fatal: true; readonly ignoreBOM: true });
  decode(raw: Uint8Array): string;
}
