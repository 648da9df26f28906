// The small values that statements are made of, each with its one spelling (spec/encoding.md section 2).

import { LikenessError } from "./errors.ts";

/** Bytes in memory of their own, as WebCrypto wants them. */
export type Bytes = Uint8Array<ArrayBuffer>;

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const SIXTETS = new Map([...ALPHABET].map((letter, value) => [letter, value]));
const encoder = new TextEncoder();

/** `raw` as base64url without padding (RFC 4648 section 5). */
export function toB64u(raw: Uint8Array): string {
  let text = "";
  for (let at = 0; at < raw.length; at += 3) {
    const [a = 0, b = 0, c = 0] = raw.subarray(at, at + 3);
    const triple = (a << 16) | (b << 8) | c;
    const letters = Math.min(raw.length - at, 3) + 1;
    for (let i = 0; i < letters; i++) text += ALPHABET.charAt((triple >> (18 - 6 * i)) & 63);
  }
  return text;
}

/**
 * The bytes that `text` spells, refusing every spelling but the canonical one.
 *
 * @throws bad-field: not base64url, not canonical, or not `lengthBytes` long.
 */
export function fromB64u(text: string, lengthBytes?: number): Bytes {
  const raw = new Uint8Array(Math.floor((text.length * 3) / 4));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const letter of text) {
    const sixtet = SIXTETS.get(letter);
    if (sixtet === undefined) throw new LikenessError("bad-field", "not base64url");
    held = ((held << 6) | sixtet) & 0xfff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    raw[at++] = held >> bits;
  }
  const spare = held & ((1 << bits) - 1);
  if (bits === 6 || spare !== 0)
    throw new LikenessError("bad-field", "base64url with other than the canonical spelling");
  if (lengthBytes !== undefined && raw.length !== lengthBytes) {
    throw new LikenessError("bad-field", "a binary field has the wrong length");
  }
  return raw;
}

/** `raw` as lower-case hex. */
export function toHex(raw: Uint8Array): string {
  return Array.from(raw, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The bytes that lower-case hex digits spell.
 *
 * @throws bad-field: an odd number of digits, or something else among them.
 */
export function fromHex(text: string): Bytes {
  if (!/^([0-9a-f]{2})*$/.test(text)) throw new LikenessError("bad-field", "not hex");
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

/** `text` as UTF-8. */
export function utf8(text: string): Bytes {
  return encoder.encode(text);
}

/** All `parts`, one behind the other. */
export function concat(...parts: readonly Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Whether `a` and `b` are the same bytes. Not for secrets: it stops at the first difference. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** SHA-256 of `raw`, 32 bytes. */
export async function sha256(raw: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", raw));
}

/** SHA-256 of `raw` as 64 hex digits. */
export async function digest(raw: Bytes): Promise<string> {
  return toHex(await sha256(raw));
}

/** SHA-256 of the UTF-8 of `text` (a JWS, a notice) as 64 hex digits. */
export async function digestOfText(text: string): Promise<string> {
  return digest(utf8(text));
}
