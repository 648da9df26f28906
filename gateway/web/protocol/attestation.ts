// A TPM 2.0 quote: a chip's signature that ties a claim's key and offer to a program's digest (spec/attestation.md).
//
// The twin of schemas/attestation.py. The message has a single layout of 145 bytes: what is known of it beforehand is
// compared, and what is not (the key's name, clock, firmware) lies between.

import { LikenessError } from "./errors.ts";
import { concat, fromB64u, fromHex, sameBytes, sha256, utf8, type Bytes } from "./scalars.ts";
import { LABELS, SIZES, type AttestationKey, type Quote } from "./wire.ts";

const MESSAGE_BYTES = 145;
const POINT_BYTES = 65;
const UNCOMPRESSED = 4;
const SIGNATURE_BYTES = 64;
const HASH_BYTES = 32;

/** TPM_GENERATED, TPM_ST_ATTEST_QUOTE. */
const QUOTE = { at: 0, bytes: fromHex("ff544347" + "8018") };
/** qualifiedSigner: 34 bytes, SHA-256, and then the key's name. */
const SIGNER = { at: 6, bytes: fromHex("0022" + "000b") };
/** extraData: 32 bytes. */
const EXTRA = { at: 42, bytes: fromHex("0020") };
/** pcrSelect after clock and firmware: one bank, SHA-256, three bytes, of which one bit is register 23. */
const SELECTION = { at: 101, bytes: fromHex("00000001" + "000b" + "03" + "000080") };
/** pcrDigest: 32 bytes. */
const DIGEST = { at: 111, bytes: fromHex("0020") };

/** What a quote has to be about. */
export interface QuotedClaim {
  /** `quoteBinding` of the claim's key and its offer, 32 bytes. */
  readonly binding: Bytes;
  /** The digest of the worker's program, as hex. */
  readonly software: string;
}

/**
 * A quote's qualifying data, 32 bytes: this single-use key (1216 bytes) for this offer (SHA-256, 32 bytes).
 *
 * @throws quote-invalid: an argument has another length.
 */
export async function quoteBinding(hpkeKey: Bytes, offerHash: Bytes): Promise<Bytes> {
  need(hpkeKey.length === SIZES.publicKey && offerHash.length === HASH_BYTES, "a key or a hash of another length");
  return sha256(concat(utf8(LABELS.quote), hpkeKey, offerHash));
}

/** Register 23 after a reset and one extension by `software` (a digest as hex), 32 bytes. */
export async function expectedPcr(software: string): Promise<Bytes> {
  return sha256(concat(new Uint8Array(HASH_BYTES), fromHex(software)));
}

/**
 * Returns when `key` signed that register 23 held `software`, for this `binding` (spec/attestation.md 3).
 *
 * @throws quote-invalid: anything else.
 */
export async function checkQuote(quote: Quote, key: AttestationKey, claim: QuotedClaim): Promise<void> {
  const message = bytesOf(quote.message, MESSAGE_BYTES); // 3.1
  const [point, signature] = [bytesOf(key.key, POINT_BYTES), bytesOf(quote.signature, SIGNATURE_BYTES)];
  need(await isSignedBy(point, message, signature), "the attestation key did not sign this quote"); // 3.2
  need(holds(message, QUOTE), "what was signed is not a quote"); // 3.3
  need([SIGNER, EXTRA, DIGEST].every((part) => holds(message, part)), "the quote has another layout"); // 3.4
  need(holds(message, valueOf(EXTRA, claim.binding)), "the quote is about another key or offer"); // 3.5
  need(holds(message, SELECTION), "the quote is about other registers"); // 3.6
  const registers = await sha256(await expectedPcr(claim.software));
  need(holds(message, valueOf(DIGEST, registers)), "the quote is about another program"); // 3.7
}

interface Part {
  readonly at: number;
  readonly bytes: Bytes;
}

function valueOf(size: Part, bytes: Bytes): Part {
  return { at: size.at + size.bytes.length, bytes };
}

/** Whether `message` holds the bytes of a part at its place. */
function holds(message: Bytes, { at, bytes }: Part): boolean {
  return sameBytes(message.subarray(at, at + bytes.length), bytes);
}

async function isSignedBy(point: Bytes, message: Bytes, signature: Bytes): Promise<boolean> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256" } as const;
  let key: CryptoKey;
  try {
    if (point[0] !== UNCOMPRESSED) return false;
    key = await crypto.subtle.importKey("raw", point, algorithm, false, ["verify"]);
  } catch {
    return false; // not on the curve
  }
  return crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, signature, message);
}

function bytesOf(text: string, lengthBytes: number): Bytes {
  try {
    return fromB64u(text, lengthBytes);
  } catch (cause) {
    throw new LikenessError("quote-invalid", "base64url of other bytes than it should be", { cause });
  }
}

function need(isSo: boolean, detail: string): void {
  if (!isSo) throw new LikenessError("quote-invalid", detail);
}
