// Signed statements: compact JWS (RFC 7515), alg Ed25519 (RFC 9864), one explicit `typ` a kind (spec/encoding.md 4).
//
// The twin of schemas/signing.py. Verify bytes first, then decode them strictly. A public key is its JWK.

import { decode, encode } from "./canonical.ts";
import { LikenessError } from "./errors.ts";
import { fromB64u, sha256, toB64u, utf8, type Bytes } from "./scalars.ts";
import { SHAPES, type Header, type Jwk, type StructName, type Structs } from "./wire.ts";

/** Statements, told from mere fields by their tag. */
export type StatementName = { [N in StructName]: Structs[N] extends { readonly kind: string } ? N : never }[StructName];

declare const signed: unique symbol;

/** A compact JWS that this browser signed. Nothing but `sign` makes one. */
export type SignedStatement = string & { readonly [signed]: true };

/** K_u, ready for use. The private half cannot be exported from the browser. */
export interface Signer {
  readonly privateKey: CryptoKey;
  readonly jwk: Jwk;
  /** RFC 7638 thumbprint of `jwk`. */
  readonly kid: string;
}

/** A statement whose signature was checked, with the key that signed it. */
export interface Verified<T> {
  readonly statement: T;
  readonly key: Jwk;
  readonly kid: string;
}

const MAX_JWS_BYTES = 96 * 1024;
const SIGNATURE_BYTES = 64;
const KEY_BYTES = 32;

/** A new Ed25519 key pair that no script can export; the pair itself may be kept in IndexedDB. */
export async function makeKeyPair(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"]);
}

/** `pair`, ready to sign. */
export async function signerOf(pair: CryptoKeyPair): Promise<Signer> {
  const { x = "" } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  const jwk: Jwk = { crv: "Ed25519", kty: "OKP", x };
  return { privateKey: pair.privateKey, jwk, kid: await thumbprint(jwk) };
}

/** RFC 7638 thumbprint of `key`: SHA-256 of its canonical JWK, base64url. */
export async function thumbprint(key: Jwk): Promise<string> {
  return toB64u(await sha256(encode("Jwk", key)));
}

/** The compact JWS of `statement`; with `introduce` the header carries the public key too. */
export async function sign<N extends StatementName>(
  name: N,
  statement: Structs[N],
  signer: Signer,
  { introduce }: { readonly introduce: boolean },
): Promise<SignedStatement> {
  const header: Header = {
    alg: "Ed25519",
    kid: signer.kid,
    typ: typOf(name),
    ...(introduce ? { jwk: signer.jwk } : {}),
  };
  const body = `${toB64u(encode("Header", header))}.${toB64u(encode(name, statement))}`;
  const signature = await crypto.subtle.sign("Ed25519", signer.privateKey, utf8(body));
  return `${body}.${toB64u(new Uint8Array(signature))}` as SignedStatement;
}

/**
 * The statement in `jws`, signed by one of `keys`; its `kid` says by which.
 *
 * @throws unknown-key: signed by another key.
 * @throws bad-header, bad-signature, too-large, not-json, bad-field, not-canonical: see those codes.
 */
export async function openSigned<N extends StatementName>(
  name: N,
  jws: string,
  ...keys: readonly Jwk[]
): Promise<Verified<Structs[N]>> {
  const parts = split(name, jws);
  const thumbprints = await Promise.all(keys.map(thumbprint));
  const key = keys[thumbprints.indexOf(parts.header.kid)];
  if (!key) throw new LikenessError("unknown-key");
  const { jwk } = parts.header;
  if (jwk && jwk.x !== key.x) throw new LikenessError("bad-header");
  return verify(name, key, parts);
}

/**
 * The statement in `jws`, signed by the key that its header introduces. Says nothing about who holds that key.
 *
 * @throws bad-header: no key in the header, or `kid` is not that key's thumbprint.
 * @throws bad-signature, too-large, not-json, bad-field, not-canonical: see those codes.
 */
export async function openIntroduced<N extends StatementName>(name: N, jws: string): Promise<Verified<Structs[N]>> {
  const parts = split(name, jws);
  const { jwk, kid } = parts.header;
  if (!jwk || !isKey(jwk) || kid !== (await thumbprint(jwk))) throw new LikenessError("bad-header");
  return verify(name, jwk, parts);
}

interface Parts {
  readonly header: Header;
  readonly body: string;
  readonly payload: string;
  readonly signature: string;
}

function split(name: StatementName, jws: string): Parts {
  const [head, payload, signature, ...more] = jws.length > MAX_JWS_BYTES ? [] : jws.split(".");
  if (head === undefined || payload === undefined || signature === undefined || more.length > 0) {
    throw new LikenessError("bad-header");
  }
  const header = readHeader(head);
  if (header.typ !== typOf(name)) throw new LikenessError("bad-header");
  return { header, body: `${head}.${payload}`, payload, signature };
}

function readHeader(head: string): Header {
  try {
    return decode("Header", fromB64u(head));
  } catch (cause) {
    throw new LikenessError("bad-header", undefined, { cause });
  }
}

async function verify<N extends StatementName>(name: N, key: Jwk, parts: Parts): Promise<Verified<Structs[N]>> {
  if (!(await isSignedBy(key, parts))) throw new LikenessError("bad-signature");
  return { statement: decode(name, fromB64u(parts.payload)), key, kid: parts.header.kid };
}

async function isSignedBy(key: Jwk, parts: Parts): Promise<boolean> {
  const raw = fromB64u(key.x, KEY_BYTES);
  let signature: Bytes;
  try {
    signature = fromB64u(parts.signature, SIGNATURE_BYTES);
  } catch {
    return false;
  }
  const imported = await crypto.subtle.importKey("raw", raw, "Ed25519", false, ["verify"]);
  return crypto.subtle.verify("Ed25519", imported, signature, utf8(parts.body));
}

function isKey(jwk: Jwk): boolean {
  try {
    return fromB64u(jwk.x, KEY_BYTES).length === KEY_BYTES;
  } catch {
    return false;
  }
}

/** The `typ` of a statement's JWS: `likeness/claim/v1` travels as `likeness-claim+jwt`. */
function typOf(name: StatementName): string {
  return `likeness-${SHAPES[name].kind?.split("/")[1]}+jwt`;
}
