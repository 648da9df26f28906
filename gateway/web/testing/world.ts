// A small valid world of statements from fixed seeds, the same as tests/statements.py makes; its log is of log_side.ts.

import { encode } from "../protocol/canonical.ts";
import {
  checkGrantOfToken,
  consentLeaf,
  makeGrant,
  makeRevocation,
  openToken,
  type Agreement,
  type Withdrawal,
} from "../protocol/consent.ts";
import { consentFile } from "../protocol/consent_file.ts";
import { encodeRecord } from "../protocol/embedding.ts";
import { disclose, type Disclosed } from "../protocol/job.ts";
import { commitment, rosterEntry } from "../protocol/log_leaf.ts";
import { concat, digest, digestOfText, toB64u, type Bytes } from "../protocol/scalars.ts";
import { sign, type SignedStatement, type Signer } from "../protocol/signing.ts";
import {
  LOTS,
  PROMISES,
  type Claim,
  type ConsentFile,
  type ConsentToken,
  type Endorsement,
  type ErasureReceipt,
  type Offer,
  type ReceiptFile,
  type RosterEntry,
} from "../protocol/wire.ts";
import { checkClaim, type CheckedClaim } from "../protocol/worker_key.ts";
import { LogWorld } from "./log_side.ts";
import { exampleRecord, NOW, seed, signerNamed } from "./seeds.ts";
import { publicKeyOf } from "./worker_side.ts";

export { exampleRecord, NOW, seed, signerNamed } from "./seeds.ts";

/** Who is in a world; left out, it is as in tests/statements.py. */
export interface Cast {
  /** Another worker has another key, and claims with another. */
  readonly worker?: string;
  readonly pool?: ConsentToken["aud"];
  /** Which of the pool's lots the offer is. */
  readonly lot?: number;
  /** A log that several worlds share. */
  readonly log?: LogWorld;
}

/** Keys of everybody, one valid statement of each kind and a log; each method takes edits of its statement. */
export class World {
  readonly browser: Signer;
  readonly gateway: Signer;
  readonly worker: Signer;
  readonly company: Signer;
  readonly hpkeSeed: Bytes;
  readonly log: LogWorld;
  readonly pool: ConsentToken["aud"];
  readonly #lot: number;

  private constructor(signers: readonly [Signer, Signer, Signer, Signer], hpkeSeed: Bytes, cast: Cast, log: LogWorld) {
    [this.browser, this.gateway, this.worker, this.company] = signers;
    this.hpkeSeed = hpkeSeed;
    this.log = log;
    this.pool = cast.pool ?? "company";
    this.#lot = cast.lot ?? 1;
  }

  static async make(browser = "browser", cast: Cast = {}): Promise<World> {
    const { worker = "worker" } = cast;
    const [ku, gateway] = [await signerNamed(browser), await signerNamed("gateway")];
    const signers = [ku, gateway, await signerNamed(worker), await signerNamed("company root")] as const;
    const hpke = worker === "worker" ? "hpke" : `hpke of ${worker}`;
    return new World(signers, await seed(hpke), cast, cast.log ?? (await LogWorld.make()));
  }

  record = encodeRecord(exampleRecord());

  async grant(edits: Partial<Agreement> = {}): Promise<SignedStatement> {
    return makeGrant(this.browser, {
      nonce: "00".repeat(16),
      notice: await digestOfText("a notice"),
      purpose: "portrait",
      bundle: await digestOfText("a bundle"),
      styles: ["studio", "plain", "studio"],
      pool: this.pool,
      region: "local",
      max_images: 2,
      max_disclosures: 1,
      adult: "yes",
      this_is_me: "yes",
      i_hold_the_rights: "yes",
      volunteer_machine: this.pool === "volunteer" ? "yes" : "no",
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
      aud: this.pool,
      cnf: this.browser.kid,
      grant: await digestOfText(await this.grant()),
      notice: await digestOfText("a notice"),
      purpose: "portrait",
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
      pool: this.pool,
      region: "local",
      images: 1,
      lot: this.#lot,
      lots: LOTS[this.pool],
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
      pool: this.pool,
      region: "local",
      operator: "Example Ltd",
      software: await digestOfText("a program"),
      bundles: [await digestOfText("a bundle")],
      endorsement: null,
      attestation: null,
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
      quote: null,
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
      salt: toB64u(await seed("receipt salt")),
      ...edits,
    };
    return sign("ErasureReceipt", receipt, this.worker, { introduce: false });
  }

  /** The gateway's answer to the grant: that token, and the proof of its leaf. */
  async admitted(): Promise<Bytes> {
    const proof = await this.consentProof();
    return encode("Admitted", { kind: "likeness/admitted/v1", token: await this.token(), proof });
  }

  async consentProof(): Promise<string> {
    const [tokenJws, grant] = [await this.token(), await this.grant()];
    const token = await openToken(tokenJws, { gateway: [this.gateway.jwk], grant, now: NOW });
    return this.log.prove(await consentLeaf((await checkGrantOfToken(token, grant)).grant, tokenJws));
  }

  /** The person withdraws that consent, with a fixed salt. */
  async withdrawal(): Promise<Withdrawal> {
    const about = { jti: "11".repeat(16), tokenJws: await this.token(), issued_at: NOW };
    return makeRevocation(this.browser, about, await seed("revocation salt"));
  }

  /** The gateway's answer to `withdrawal`. */
  async revoked({ statement, salt }: Withdrawal): Promise<Bytes> {
    const proof = await this.log.prove(await commitment("revocation", salt, statement));
    const token = await digestOfText(await this.token());
    return encode("Revoked", { kind: "likeness/revoked/v1", token, revoked_at: NOW, disclosures: 0, proof });
  }

  /** The company's word for the worker. */
  async endorsement(edits: Partial<Endorsement> = {}): Promise<string> {
    const endorsement: Endorsement = {
      kind: "likeness/endorsement/v1",
      worker: this.worker.kid,
      issued_at: NOW,
      not_after: NOW + 24 * 3600,
      ...edits,
    };
    return sign("Endorsement", endorsement, this.company, { introduce: true });
  }

  async rosterProof(): Promise<string> {
    return this.log.prove(rosterEntry(await this.roster()));
  }

  async receiptProof(receiptJws: string): Promise<string> {
    return this.log.prove(await commitment("erasure", await seed("receipt salt"), receiptJws));
  }

  /** The offer, roster entry and claim as the browser checks them. */
  async checked(): Promise<CheckedClaim> {
    return checkClaim({
      offer: await this.offer(),
      roster: await this.roster(),
      proof: await this.rosterProof(),
      claim: await this.claim(),
      gateway: [this.gateway.jwk],
      policy: this.log.policyText,
      company: null,
      now: NOW,
    });
  }

  /** What the person keeps of the consent. */
  async consentFile(): Promise<ConsentFile> {
    return consentFile({
      gateway_keys: [this.gateway.jwk],
      policy: this.log.policyText,
      notice: "a notice",
      promise: PROMISES[this.pool],
      grant: await this.grant(),
      token: await this.token(),
      salt: toB64u(await seed("salt")),
      proof: await this.consentProof(),
    });
  }

  /** What the person keeps of the job. */
  async receiptFile(): Promise<Omit<ReceiptFile, "kind">> {
    const receipt = await this.receipt();
    return {
      consent: await this.consentFile(),
      offer: new TextDecoder().decode(await this.offer()),
      roster: await this.roster(),
      roster_proof: await this.rosterProof(),
      claim: await this.claim(),
      disclosure: (await this.disclosed()).disclosure,
      receipt,
      receipt_proof: await this.receiptProof(receipt),
    };
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
