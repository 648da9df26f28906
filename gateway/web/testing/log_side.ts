// A small valid log with its witnesses, from fixed seeds, the same as tests/log_world.py makes. No part of the page.

import { concat, fromB64u, sameBytes, sha256, utf8, type Bytes } from "../protocol/scalars.ts";
import type { Signer } from "../protocol/signing.ts";
import { NOW, signerNamed } from "./seeds.ts";

export const ORIGIN = "log.example/likeness";
export const WITNESSES = ["witness.example/one", "witness.example/two"] as const;

const ED25519 = 1;
const COSIGNATURE = 4;

/** How a proof may differ from a good one. */
export interface ProofEdits {
  /** How many of the witnesses cosigned; all, unless told otherwise. */
  readonly witnesses?: number;
  /** When they did; unix seconds. */
  readonly now?: number;
}

/** A log whose every checkpoint both witnesses cosign, and the policy that asks for both. */
export class LogWorld {
  readonly #log: Signer;
  readonly #witnesses: readonly (readonly [string, Signer])[];
  readonly #entries: Bytes[] = [];
  /** The policy as the page pins it. */
  readonly policyText: string;

  private constructor(log: Signer, witnesses: readonly (readonly [string, Signer])[], policyText: string) {
    this.#log = log;
    this.#witnesses = witnesses;
    this.policyText = policyText;
  }

  static async make(): Promise<LogWorld> {
    const log = await signerNamed("log");
    const witnesses = await Promise.all(WITNESSES.map(async (name) => [name, await signerNamed(name)] as const));
    const lines = [`log ${await vkey(ORIGIN, ED25519, log)}`];
    for (const [i, [name, signer]] of witnesses.entries()) {
      lines.push(`witness w${i} ${await vkey(name, COSIGNATURE, signer)}`);
    }
    const names = witnesses.map((_, i) => `w${i}`).join(" ");
    return new LogWorld(
      log,
      witnesses,
      [...lines, `group all-of-them all ${names}`, "quorum all-of-them", ""].join("\n"),
    );
  }

  /** The proof that `entry` stands in the log; it is appended when it does not stand there yet. */
  async prove(entry: Bytes, edits: ProofEdits = {}): Promise<string> {
    if (!this.#entries.some((each) => sameBytes(each, entry))) this.#entries.push(entry);
    const index = this.#entries.findIndex((each) => sameBytes(each, entry));
    const hashes = (await inclusion(index, this.#entries)).map(base64);
    return ["c2sp.org/tlog-proof@v1", `index ${index}`, ...hashes, "", await this.#checkpoint(edits)].join("\n");
  }

  async #checkpoint({ witnesses = this.#witnesses.length, now = NOW }: ProofEdits): Promise<string> {
    const text = `${ORIGIN}\n${this.#entries.length}\n${base64(await root(this.#entries))}\n`;
    const lines = [await signatureLine(ORIGIN, ED25519, this.#log, await signature(this.#log, text))];
    for (const [name, signer] of this.#witnesses.slice(0, witnesses)) {
      const time = new DataView(new ArrayBuffer(8));
      time.setBigUint64(0, BigInt(now));
      const signed = await signature(signer, `cosignature/v1\ntime ${now}\n${text}`);
      lines.push(await signatureLine(name, COSIGNATURE, signer, concat(new Uint8Array(time.buffer), signed)));
    }
    return `${text}\n${lines.join("")}`;
  }
}

/** RFC 6962 section 2.1, as it is written there. */
async function root(entries: readonly Bytes[]): Promise<Bytes> {
  const [first, ...more] = entries;
  if (!first) return sha256(new Uint8Array());
  if (more.length === 0) return sha256(concat(Uint8Array.of(0), first));
  const middle = split(entries.length);
  const [left, right] = [await root(entries.slice(0, middle)), await root(entries.slice(middle))];
  return sha256(concat(Uint8Array.of(1), left, right));
}

/** RFC 6962 section 2.1.1, as it is written there. */
async function inclusion(index: number, entries: readonly Bytes[]): Promise<Bytes[]> {
  if (entries.length === 1) return [];
  const middle = split(entries.length);
  const [left, right] = [entries.slice(0, middle), entries.slice(middle)];
  if (index < middle) return [...(await inclusion(index, left)), await root(right)];
  return [...(await inclusion(index - middle, right)), await root(left)];
}

/** The largest power of two below `size`. */
function split(size: number): number {
  return 2 ** (Math.ceil(Math.log2(size)) - 1);
}

async function vkey(name: string, kind: number, signer: Signer): Promise<string> {
  const id = Buffer.from(await keyId(name, kind, signer)).toString("hex");
  return `${name}+${id}+${base64(typed(kind, signer))}`;
}

async function keyId(name: string, kind: number, signer: Signer): Promise<Bytes> {
  return (await sha256(concat(utf8(`${name}\n`), typed(kind, signer)))).slice(0, 4);
}

function typed(kind: number, signer: Signer): Bytes {
  return concat(Uint8Array.of(kind), fromB64u(signer.jwk.x, 32));
}

async function signature(signer: Signer, text: string): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.sign("Ed25519", signer.privateKey, utf8(text)));
}

async function signatureLine(name: string, kind: number, signer: Signer, value: Bytes): Promise<string> {
  return `\u2014 ${name} ${base64(concat(await keyId(name, kind, signer), value))}\n`;
}

function base64(raw: Bytes): string {
  return Buffer.from(raw).toString("base64");
}
