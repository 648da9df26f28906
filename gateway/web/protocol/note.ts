// Signed notes: a text with Ed25519 signatures under it (C2SP signed-note; spec/transparency-log.md section 3).
//
// The twin of schemas/note.py, for reading alone. Reading a note trusts nothing: signatures are looked up by the name and
// id of a key that one already has.

import { LikenessError } from "./errors.ts";
import { concat, fromB64u, sameBytes, sha256, toHex, utf8, type Bytes } from "./scalars.ts";

export const MAX_NOTE_BYTES = 128 * 1024;
export const MAX_SIGNATURES = 64;
const KEY_ID_BYTES = 4;
const KEY_BYTES = 32;

/** The byte before a public key that says what its signatures are about: a text, or a time and a text. */
export const SIGNATURE_KINDS = { ed25519: 1, cosignature: 4 } as const;
export type SignatureKind = keyof typeof SIGNATURE_KINDS;

/** A public key with the name that it signs under. */
export interface VerifierKey {
  readonly name: string;
  readonly kind: SignatureKind;
  /** 32 bytes. */
  readonly raw: Bytes;
  readonly id: Bytes;
}

/** A note as read: nothing in it is verified. */
export interface Note {
  /** Ends in a newline; what signatures are over. */
  readonly text: string;
  readonly signatures: readonly Signature[];
}

interface Signature {
  readonly name: string;
  readonly id: Bytes;
  readonly value: Bytes;
}

// Unicode's White_Space beyond the control characters, which a note may not have at all. Written out, because Python's
// and JavaScript's own ideas of a space differ.
const NAME = /^[^+ \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$/;
const CONTROL = /[\x00-\x09\x0b-\x1f]/;

/**
 * The key that `text`, a `vkey`, describes.
 *
 * @throws note-malformed: not one, not of a kind that we know, or its id is not the one of its name and key.
 */
export async function readVkey(text: string): Promise<VerifierKey> {
  const [name = "", hex = "", ...rest] = text.split("+");
  const typed = readBase64(rest.join("+"), 1 + KEY_BYTES);
  const kind = (["ed25519", "cosignature"] as const).find((each) => SIGNATURE_KINDS[each] === typed[0]);
  const id = (await sha256(concat(utf8(`${name}\n`), typed))).slice(0, KEY_ID_BYTES);
  if (!kind || !isName(name) || toHex(id) !== hex) throw new LikenessError("note-malformed", "not a verifier key");
  return { name, kind, raw: typed.slice(1), id };
}

/**
 * The parts of `raw`.
 *
 * @throws note-malformed: control characters other than newline, no text, no signature, too many, or a line that is none.
 */
export function readNote(raw: string): Note {
  const isText = !CONTROL.test(raw) && !/\p{Surrogate}/u.test(raw) && utf8(raw).length <= MAX_NOTE_BYTES;
  const cut = raw.lastIndexOf("\n\n");
  const lines = raw.slice(cut + 2).split("\n");
  if (!isText || cut < 0 || lines.pop() !== "" || lines.length === 0 || lines.length > MAX_SIGNATURES) {
    throw new LikenessError("note-malformed");
  }
  return { text: raw.slice(0, cut + 1), signatures: lines.map(readSignature) };
}

/** What stands in the signature lines with the name and id of `key`. All others are of no concern. */
export function signaturesBy(note: Note, key: VerifierKey): Bytes[] {
  return note.signatures.filter(({ name, id }) => name === key.name && sameBytes(id, key.id)).map(({ value }) => value);
}

/**
 * Whether `key`, of kind `ed25519`, signed the text of `note`.
 *
 * @throws note-untrusted: a signature says that it is by `key` and is not.
 */
export async function isSigned(note: Note, key: VerifierKey): Promise<boolean> {
  const signatures = signaturesBy(note, key);
  for (const signature of signatures) await verify(key, signature, utf8(note.text));
  return signatures.length > 0;
}

/**
 * Returns only if `signature` (64 bytes) is by `key` over `message`.
 *
 * @throws note-untrusted: it is not.
 */
export async function verify(key: Pick<VerifierKey, "raw">, signature: Bytes, message: Bytes): Promise<void> {
  let holds = false;
  try {
    const imported = await crypto.subtle.importKey("raw", key.raw, "Ed25519", false, ["verify"]);
    holds = await crypto.subtle.verify("Ed25519", imported, signature, message);
  } catch {
    // A browser may refuse a key that is not a point of the curve: then nothing is signed by it.
  }
  if (!holds) throw new LikenessError("note-untrusted", "a signature under a known name is not by its key");
}

/**
 * The bytes that `text`, base64 with padding (RFC 4648 section 4), spells, refusing every spelling but the canonical one.
 *
 * @throws note-malformed: not base64, not canonical, or not `lengthBytes` long.
 */
export function readBase64(text: string, lengthBytes?: number): Bytes {
  if (!/^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) {
    throw new LikenessError("note-malformed", "not base64");
  }
  const url = text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  try {
    return fromB64u(url, lengthBytes);
  } catch (cause) {
    throw new LikenessError("note-malformed", "base64 of another spelling or length", { cause });
  }
}

/**
 * The number that `text` spells: ASCII digits, no leading zero, below 2**53.
 *
 * @throws note-malformed: it does not.
 */
export function readDecimal(text: string): number {
  if (!/^(0|[1-9][0-9]{0,15})$/.test(text) || !Number.isSafeInteger(Number(text))) {
    throw new LikenessError("note-malformed", "not a number");
  }
  return Number(text);
}

function readSignature(line: string): Signature {
  const [dash, name = "", ...rest] = line.split(" ");
  const raw = readBase64(rest.join(" "));
  if (dash !== "\u2014" || !isName(name) || raw.length <= KEY_ID_BYTES) {
    throw new LikenessError("note-malformed", "not a signature line");
  }
  return { name, id: raw.slice(0, KEY_ID_BYTES), value: raw.slice(KEY_ID_BYTES) };
}

function isName(text: string): boolean {
  return NAME.test(text) && !CONTROL.test(text) && !text.includes("\n");
}
