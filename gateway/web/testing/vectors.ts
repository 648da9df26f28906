// Runs the shared vector files of schemas/vectors through this side.

import { checkQuote, expectedPcr, quoteBinding } from "../protocol/attestation.ts";
import { decode, encode } from "../protocol/canonical.ts";
import { openAdmitted, openRevoked, openToken } from "../protocol/consent.ts";
import { checkConsentFile, readConsentFile } from "../protocol/consent_file.ts";
import { decodeRecord, encodeRecord, partsOf, quantise } from "../protocol/embedding.ts";
import { checkReceipt, checkReceiptProof } from "../protocol/erasure.ts";
import { LikenessError } from "../protocol/errors.ts";
import { FrameReader } from "../protocol/frames.ts";
import { chooseClaim } from "../protocol/job.ts";
import { SALT_BYTES } from "../protocol/log_leaf.ts";
import { checkReceiptFile, readReceiptFile } from "../protocol/receipt_file.ts";
import { digest, fromB64u, toHex, utf8, type Bytes } from "../protocol/scalars.ts";
import { openImage, replyKey } from "../protocol/sealing.ts";
import { openIntroduced, openSigned, type SignedStatement, type StatementName } from "../protocol/signing.ts";
import { FRAMES, SIZES, type Jwk, type StructName } from "../protocol/wire.ts";
import { checkClaim, type CheckedClaim } from "../protocol/worker_key.ts";
import { hex, need, number, same, text, type Case, type Runner } from "./case.ts";
import { LOG_RUNNERS } from "./log_vectors.ts";
import { openRequest, publicKeyOf, sealImage } from "./worker_side.ts";

/** Codes that only a gateway gives, by rules of its own about time and holders; the bytes themselves are good. */
const GATEWAY_CODES = ["grant-expired", "job-stale", "notice-outdated", "wrong-holder", "wrong-pool"];

/** By file name, or by what a case says that it is like. */
export const RUNNERS: Readonly<Record<string, Runner>> = {
  ...LOG_RUNNERS,
  canonical: (given) => {
    const [name, raw] = [text(given, "struct") as StructName, utf8(text(given, "raw"))];
    same(encode(name, decode(name, raw)), raw);
  },
  signing: async (given) => {
    const name = text(given, "struct") as StatementName;
    if (given["keys"] !== null) await openSigned(name, text(given, "jws"), ...jwks(given, "keys"));
    else need((await openIntroduced(name, text(given, "jws"))).kid === given["kid"]);
  },
  sealing: async (given) => {
    const seed = hex(given, "seed");
    same(await openRequest(fromB64u(text(given, "sealed")), seed, hex(given, "info")), hex(given, "plaintext"));
    same(await publicKeyOf(seed), fromB64u(text(given, "public")));
  },
  image: runImage,
  record: (given) => {
    const raw = hex(given, "raw");
    const record = decodeRecord(raw);
    need(String(partsOf(record).sort()) === String(given["parts"]));
    same(encodeRecord(record), raw);
  },
  quantise: (given) => {
    const got = quantise((given["vector"] as (number | null)[]).map((value) => value ?? Number.NaN));
    same(new Uint8Array(Float32Array.of(got.scale).buffer), fromB64u(text(given, "scale")));
    same(new Uint8Array(got.values.buffer), hex(given, "values"));
  },
  consent: async (given) => {
    if (given["op"] === "open_grant") return runAtGateway("ConsentGrant", text(given, "grant"), given);
    const expected = { gateway: jwks(given, "gateway"), grant: text(given, "grant"), now: now(given) };
    if (given["op"] === "token_for_grant") await openToken(text(given, "token"), expected);
    else await openAdmitted(utf8(text(given, "raw")), { ...expected, policy: text(given, "policy") });
  },
  revocation: async (given) => {
    if (given["op"] === "revocation") return runRevocation(given);
    const statement = text(given, "statement") as SignedStatement;
    const salt = fromB64u((await openIntroduced("Revocation", statement)).statement.salt);
    const expected = { withdrawal: { statement, salt }, tokenJws: text(given, "token"), now: now(given) };
    await openRevoked(utf8(text(given, "raw")), { ...expected, policy: text(given, "policy") });
  },
  claim: async (given) => {
    const company = given["company"] === null ? null : jwk(given, "company");
    const checked = await checkedClaim(given, given, company);
    need(checked.claimHash === (await digest(utf8(text(given, "claim")))));
  },
  choose: async (given) => {
    const claims = await Promise.all((given["claims"] as Case[]).map((said) => checkedClaim(said, given, null)));
    need(claims.includes(chooseClaim(claims, number(given, "lots"))));
  },
  attestation: async (given) => {
    const hpkeKey = new Uint8Array(SIZES.publicKey).fill(number(given, "hpke_fill"));
    const [binding, software] = [await quoteBinding(hpkeKey, hex(given, "offer_hash")), text(given, "software")];
    same(binding, hex(given, "binding"));
    same(await expectedPcr(software), hex(given, "pcr"));
    const quote = { message: text(given, "message"), signature: text(given, "signature") };
    await checkQuote(quote, { key: text(given, "key"), root: "test-tpm" }, { binding, software });
  },
  job: (given) => runAtGateway(given["op"] === "job" ? "JobRequest" : "Disclosure", text(given, "jws"), given),
  erasure: async (given) => {
    const [worker, offer, claim] = [jwk(given, "worker"), text(given, "offer"), text(given, "claim")];
    const jws = text(given, "jws");
    const receipt = await checkReceipt(jws, { worker, offer, claim, result: given["result"] as string | null });
    const when = given["now"] === null ? null : now(given);
    await checkReceiptProof(receipt, jws, text(given, "proof"), { policy: text(given, "policy"), now: when });
  },
  consent_file: async (given) => {
    const raw = utf8(text(given, "file"));
    const file = readConsentFile(raw);
    need((await checkConsentFile(file)).holder === (await openIntroduced("ConsentGrant", file.grant)).kid);
  },
  receipt_file: async (given) => {
    const { claim, receipt } = await checkReceiptFile(readReceiptFile(utf8(text(given, "file"))));
    need(receipt.worker === claim.roster.worker);
  },
  frames: (given) => {
    const stream = hex(given, "stream");
    for (const size of [1, 3, Math.max(1, stream.length)]) {
      const reader = new FrameReader();
      const got: [number, string][] = [];
      for (let at = 0; at < stream.length; at += size) {
        const frames = reader.feed(stream.subarray(at, at + size));
        got.push(...frames.map(({ kind, payload }): [number, string] => [FRAMES[kind], toHex(payload)]));
      }
      reader.finish();
      need(JSON.stringify(got) === JSON.stringify(given["frames"]));
    }
  },
};

async function checkedClaim(said: Case, given: Case, company: Jwk | null): Promise<CheckedClaim> {
  return checkClaim({
    offer: utf8(text(said, "offer")),
    roster: text(said, "roster"),
    proof: text(said, "proof"),
    claim: text(said, "claim"),
    gateway: jwks(given, "gateway"),
    policy: text(given, "policy"),
    company,
    now: now(given),
  });
}

async function runRevocation(given: Case): Promise<void> {
  await runAtGateway("Revocation", text(given, "jws"), given);
  fromB64u((await openIntroduced("Revocation", text(given, "jws"))).statement.salt, SALT_BYTES);
}

/** Opens a statement that a browser makes and a gateway judges: this side knows its bytes, not those rules. */
async function runAtGateway(name: StatementName, jws: string, given: Case): Promise<void> {
  await openIntroduced(name, jws);
  if (GATEWAY_CODES.includes(given.expect)) throw new LikenessError(given.expect as "job-stale");
}

async function runImage(given: Case): Promise<void> {
  const request = ramp(SIZES.sealedRequest);
  const [secret, claimHash] = [hex(given, "response_secret"), hex(given, "claim_hash")];
  const ours = await replyKey(secret, request, claimHash, "encrypt");
  const theirs = await crypto.subtle.importKey("raw", hex(given, "reply_key"), "AES-GCM", false, ["decrypt"]);
  const index = number(given, "image_index");
  const image = ramp(number(given, "length"));
  const chunks = await sealImage(image, ours, index);
  const edit = given["edit"];
  same(await openImage(edited(chunks, edit), theirs, index + (edit === "another index" ? 1 : 0)), image);
  const digests = await Promise.all(chunks.map(digest));
  need(JSON.stringify(digests) === JSON.stringify(given["chunks"]));
}

function edited(chunks: Bytes[], edit: unknown): Bytes[] {
  const [first = new Uint8Array(), second = new Uint8Array(), ...rest] = chunks;
  const flipped = first.slice();
  flipped[0] = (flipped[0] ?? 0) ^ 1;
  const table: Record<string, Bytes[]> = {
    "flip a bit": [flipped, second, ...rest],
    "drop the last": chunks.slice(0, -1),
    "drop the first": chunks.slice(1),
    "swap two": [second, first, ...rest],
    "repeat one": [first, ...chunks],
    "cut one short": [first.slice(0, -1), second, ...rest],
    "another index": chunks,
    "none at all": [],
  };
  return edit === null ? chunks : (table[String(edit)] ?? unknown(edit));
}

/** The image of a vector: byte `i` is `i * 7 % 251`. */
export function ramp(length: number): Bytes {
  return Uint8Array.from({ length }, (_, i) => (i * 7) % 251);
}

function unknown(edit: unknown): never {
  throw new Error(`no such edit: ${String(edit)}`);
}

function now(given: Case): number {
  return number(given, "now");
}

function jwk(given: Case, field: string): Jwk {
  return { crv: "Ed25519", kty: "OKP", x: text(given, field) };
}

function jwks(given: Case, field: string): Jwk[] {
  return (given[field] as string[]).map((x): Jwk => ({ crv: "Ed25519", kty: "OKP", x }));
}
