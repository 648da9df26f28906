// A small valid world of statements from fixed seeds, the same as tests/statements.py makes.

import { encode } from "../protocol/canonical.ts";
import { makeGrant, type Agreement } from "../protocol/consent.ts";
import { attributesFrom, encodeRecord, quantise, type LikenessRecord } from "../protocol/embedding.ts";
import { disclose, type Disclosed } from "../protocol/job.ts";
import { concat, digest, digestOfText, sha256, toB64u, utf8, type Bytes } from "../protocol/scalars.ts";
import { sign, thumbprint, type Signer } from "../protocol/signing.ts";
import type { Claim, ConsentToken, ErasureReceipt, Offer, RosterEntry } from "../protocol/wire.ts";
import { checkClaim, type CheckedClaim } from "../protocol/worker_key.ts";
import { publicKeyOf } from "./worker_side.ts";

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

/** Keys of everybody and one valid statement of each kind; each method takes edits of its statement. */
export class World {
  readonly browser: Signer;
  readonly gateway: Signer;
  readonly worker: Signer;
  readonly hpkeSeed: Bytes;

  private constructor(browser: Signer, gateway: Signer, worker: Signer, hpkeSeed: Bytes) {
    this.browser = browser;
    this.gateway = gateway;
    this.worker = worker;
    this.hpkeSeed = hpkeSeed;
  }

  static async make(browser = "browser"): Promise<World> {
    const signers = [await signerNamed(browser), await signerNamed("gateway"), await signerNamed("worker")] as const;
    return new World(...signers, await seed("hpke"));
  }

  record = encodeRecord(exampleRecord());

  async grant(edits: Partial<Agreement> = {}): Promise<string> {
    return makeGrant(this.browser, {
      nonce: "00".repeat(16),
      notice: await digestOfText("a notice"),
      purpose: "portrait",
      bundle: await digestOfText("a bundle"),
      styles: ["studio", "plain", "studio"],
      pool: "company",
      region: "local",
      max_images: 2,
      max_disclosures: 1,
      adult: "yes",
      this_is_me: "yes",
      i_hold_the_rights: "yes",
      salt_commitment: await digest(await seed("salt")),
      issued_at: NOW,
      expires_at: NOW + 900,
      ...edits,
    });
  }

  async token(edits: Partial<ConsentToken> = {}): Promise<string> {
    const token: ConsentToken = {
      kind: "likeness/consent/v1",
      jti: "11".repeat(16),
      iss: this.gateway.kid,
      aud: "company",
      cnf: this.browser.kid,
      grant: await digestOfText(await this.grant()),
      bundle: await digestOfText("a bundle"),
      styles: ["plain", "studio"],
      region: "local",
      max_images: 2,
      max_disclosures: 1,
      iat: NOW,
      exp: NOW + 900,
      ...edits,
    };
    return sign("ConsentToken", token, this.gateway, { introduce: false });
  }

  async offer(edits: Partial<Offer> = {}): Promise<Bytes> {
    return encode("Offer", {
      kind: "likeness/offer/v1",
      offer_id: "33".repeat(16),
      token: await digestOfText(await this.token()),
      bundle: await digestOfText("a bundle"),
      pool: "company",
      region: "local",
      images: 1,
      lot: 1,
      lots: 1,
      issued_at: NOW,
      expires_at: NOW + 60,
      ...edits,
    });
  }

  async roster(edits: Partial<RosterEntry> = {}): Promise<string> {
    const entry: RosterEntry = {
      kind: "likeness/roster/v1",
      worker: this.worker.kid,
      key: this.worker.jwk.x,
      pool: "company",
      region: "local",
      operator: "Example Ltd",
      software: await digestOfText("a program"),
      bundles: [await digestOfText("a bundle")],
      enrolled_at: NOW,
      not_after: NOW + 24 * 3600,
      ...edits,
    };
    return sign("RosterEntry", entry, this.gateway, { introduce: false });
  }

  async claim(edits: Partial<Claim> = {}): Promise<string> {
    const claim: Claim = {
      kind: "likeness/claim/v1",
      offer: await digest(await this.offer()),
      hpke_key: toB64u(await publicKeyOf(this.hpkeSeed)),
      worker: this.worker.kid,
      roster: await digestOfText(await this.roster()),
      bundle: await digestOfText("a bundle"),
      issued_at: NOW,
      lease_seconds: 30,
      ...edits,
    };
    return sign("Claim", claim, this.worker, { introduce: false });
  }

  async receipt(edits: Partial<ErasureReceipt> = {}): Promise<string> {
    const receipt: ErasureReceipt = {
      kind: "likeness/erasure/v1",
      offer: await digest(await this.offer()),
      claim: await digestOfText(await this.claim()),
      hpke_key: await digest(await publicKeyOf(this.hpkeSeed)),
      bundle: await digestOfText("a bundle"),
      worker: this.worker.kid,
      software: await digestOfText("a program"),
      opened_at: NOW + 1,
      exited_at: NOW + 5,
      exit_kind: "normal",
      checks: [{ name: "process-ended", outcome: "passed", detail: "The child process has ended." }],
      kernel_init_on_free: "unknown",
      images: 1,
      result: await digestOfText("sealed chunks"),
      ...edits,
    };
    return sign("ErasureReceipt", receipt, this.worker, { introduce: false });
  }

  /** The offer, roster entry and claim as the browser checks them. */
  async checked(): Promise<CheckedClaim> {
    const [offer, roster, claim] = [await this.offer(), await this.roster(), await this.claim()];
    return checkClaim({ offer, roster, claim, gateway: this.gateway.jwk, now: NOW });
  }

  /** The disclosure of `record` to that claim, with fixed randomness. */
  async disclosed(): Promise<Disclosed> {
    const what = {
      tokenJws: await this.token(),
      grantJws: await this.grant(),
      n: 1,
      images: 1,
      record: this.record,
      style: "studio",
      seed: 7,
      responseSecret: await seed("response"),
      issued_at: NOW,
    };
    const entropy = concat(await seed("entropy 1"), await seed("entropy 2"));
    return disclose(this.browser, await this.checked(), what, entropy);
  }
}
