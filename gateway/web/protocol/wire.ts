// Written by `python -m schemas.typescript` from schemas/*.py. Do not edit: change the structs and run it again.
// spec/encoding.md section 7.

export type Shape =
  | { readonly t: "str"; readonly pattern?: string; readonly min?: number; readonly max?: number }
  | { readonly t: "int"; readonly min?: number; readonly max?: number }
  | { readonly t: "is"; readonly values: readonly (string | boolean)[] }
  | { readonly t: "list"; readonly of: Shape; readonly min?: number; readonly max?: number }
  | { readonly t: "map"; readonly of: Shape }
  | { readonly t: "struct"; readonly name: StructName }
  | { readonly t: "or-null"; readonly of: Shape };

export interface StructShape {
  readonly kind: string | null;
  readonly fields: Readonly<Record<string, Shape>>;
  readonly optional: readonly string[];
}

export interface Jwk {
  readonly crv: "Ed25519";
  readonly kty: "OKP";
  readonly x: string;
}

export interface Header {
  readonly alg: "Ed25519";
  readonly kid: string;
  readonly typ: string;
  readonly jwk?: Jwk | null;
}

export interface ConsentGrant {
  readonly kind: "likeness/grant/v1";
  readonly nonce: string;
  readonly notice: string;
  readonly purpose: "portrait";
  readonly bundle: string;
  readonly styles: readonly string[];
  readonly pool: "attested" | "company" | "volunteer";
  readonly region: string;
  readonly max_images: number;
  readonly max_disclosures: number;
  readonly adult: "yes";
  readonly this_is_me: "yes";
  readonly i_hold_the_rights: "yes";
  readonly volunteer_machine: "no" | "yes";
  readonly salt_commitment: string;
  readonly issued_at: number;
  readonly expires_at: number;
}

export interface ConsentToken {
  readonly kind: "likeness/consent/v1";
  readonly jti: string;
  readonly iss: string;
  readonly aud: "attested" | "company" | "volunteer";
  readonly cnf: string;
  readonly grant: string;
  readonly notice: string;
  readonly purpose: "portrait";
  readonly bundle: string;
  readonly styles: readonly string[];
  readonly region: string;
  readonly max_images: number;
  readonly max_disclosures: number;
  readonly iat: number;
  readonly exp: number;
}

export interface Admitted {
  readonly kind: "likeness/admitted/v1";
  readonly token: string;
  readonly proof: string;
}

export interface Revocation {
  readonly kind: "likeness/revocation/v1";
  readonly jti: string;
  readonly token: string;
  readonly salt: string;
  readonly issued_at: number;
}

export interface Revoked {
  readonly kind: "likeness/revoked/v1";
  readonly token: string;
  readonly revoked_at: number;
  readonly disclosures: number;
  readonly proof: string;
}

export interface JobRequest {
  readonly kind: "likeness/job/v1";
  readonly nonce: string;
  readonly token: string;
  readonly images: number;
  readonly issued_at: number;
}

export interface JobBody {
  readonly kind: "likeness/job-body/v1";
  readonly token: string;
  readonly request: string;
}

export interface Offer {
  readonly kind: "likeness/offer/v1";
  readonly offer_id: string;
  readonly token: string;
  readonly bundle: string;
  readonly pool: "attested" | "company" | "volunteer";
  readonly region: string;
  readonly images: number;
  readonly lot: number;
  readonly lots: number;
  readonly issued_at: number;
  readonly expires_at: number;
}

export interface Disclosure {
  readonly kind: "likeness/disclosure/v1";
  readonly token: string;
  readonly offer: string;
  readonly claim: string;
  readonly n: number;
  readonly images: number;
  readonly issued_at: number;
}

export interface SealedRequest {
  readonly kind: "likeness/sealed-request/v1";
  readonly token: string;
  readonly grant: string;
  readonly record: string;
  readonly style: string;
  readonly seed: number;
  readonly images: number;
  readonly response_secret: string;
}

export interface Endorsement {
  readonly kind: "likeness/endorsement/v1";
  readonly worker: string;
  readonly issued_at: number;
  readonly not_after: number;
}

export interface AttestationKey {
  readonly key: string;
  readonly root: "test-tpm";
}

export interface Quote {
  readonly message: string;
  readonly signature: string;
}

export interface RosterEntry {
  readonly kind: "likeness/roster/v1";
  readonly worker: string;
  readonly key: string;
  readonly pool: "attested" | "company" | "volunteer";
  readonly region: string;
  readonly operator: string;
  readonly software: string;
  readonly bundles: readonly string[];
  readonly endorsement: string | null;
  readonly attestation: AttestationKey | null;
  readonly enrolled_at: number;
  readonly not_after: number;
}

export interface Claim {
  readonly kind: "likeness/claim/v1";
  readonly offer: string;
  readonly hpke_key: string;
  readonly worker: string;
  readonly roster: string;
  readonly bundle: string;
  readonly issued_at: number;
  readonly lease_seconds: number;
  readonly quote: Quote | null;
}

export interface Choose {
  readonly kind: "likeness/choose/v1";
  readonly claims: number;
  readonly lots: number;
}

export interface Waiting {
  readonly kind: "likeness/waiting/v1";
  readonly waited_seconds: number;
  readonly gives_up_after_seconds: number;
  readonly ahead: number;
  readonly workers: number;
}

export interface Progress {
  readonly kind: "likeness/progress/v1";
  readonly phase: "drawing" | "finishing" | "opened";
  readonly image: number;
  readonly images: number;
  readonly step: number;
  readonly steps: number;
}

export interface Problem {
  readonly kind: "likeness/problem/v1";
  readonly code: string;
  readonly detail: string;
}

export interface Check {
  readonly name: string;
  readonly outcome: "failed" | "not-measured" | "passed";
  readonly detail: string;
}

export interface ErasureReceipt {
  readonly kind: "likeness/erasure/v1";
  readonly offer: string;
  readonly claim: string;
  readonly hpke_key: string;
  readonly bundle: string;
  readonly worker: string;
  readonly software: string;
  readonly opened_at: number | null;
  readonly exited_at: number;
  readonly exit_kind: "cancelled" | "exception" | "killed" | "normal" | "refused" | "revoked" | "timeout" | "unused";
  readonly checks: readonly Check[];
  readonly kernel_init_on_free: "off" | "on" | "unknown";
  readonly images: number;
  readonly result: string | null;
  readonly salt: string;
}

export interface ConsentFile {
  readonly kind: "likeness/consent-file/v1";
  readonly gateway_keys: readonly Jwk[];
  readonly policy: string;
  readonly notice: string;
  readonly promise: string;
  readonly grant: string;
  readonly token: string;
  readonly salt: string;
  readonly proof: string;
}

export interface ReceiptFile {
  readonly kind: "likeness/receipt-file/v1";
  readonly consent: ConsentFile;
  readonly offer: string;
  readonly roster: string;
  readonly roster_proof: string;
  readonly claim: string;
  readonly disclosure: string;
  readonly receipt: string;
  readonly receipt_proof: string;
}

export interface PublicFact {
  readonly kind: "likeness/public-fact/v1";
  readonly what: "bundle" | "page" | "styles" | "wheel";
  readonly name: string;
  readonly version: string;
  readonly digest: string;
}

export interface Notice {
  readonly digest: string;
  readonly text: string;
}

export interface PoolFact {
  readonly name: "attested" | "company" | "volunteer";
  readonly promise: string;
  readonly lots: number;
  readonly workers: number;
}

export interface Style {
  readonly id: string;
  readonly title: string;
  readonly background: string;
  readonly attire: string;
  readonly light: string;
  readonly framing: string;
}

export interface BundleFact {
  readonly digest: string;
  readonly name: string;
  readonly version: string;
  readonly title: string;
  readonly licence: string;
  readonly needed: readonly ("embedding" | "geometry" | "look")[];
  readonly optional: readonly ("embedding" | "geometry" | "look")[];
  readonly embedder: number;
  readonly image_width: number;
  readonly image_height: number;
  readonly styles: readonly Style[];
}

export interface Limits {
  readonly max_images: number;
  readonly max_disclosures: number;
  readonly token_seconds: number;
  readonly claim_seconds: number;
  readonly job_seconds: number;
}

export interface Facts {
  readonly kind: "likeness/facts/v1";
  readonly operator: string;
  readonly contact: string;
  readonly region: string;
  readonly keys: readonly Jwk[];
  readonly notice: Notice;
  readonly pools: readonly PoolFact[];
  readonly bundles: readonly BundleFact[];
  readonly limits: Limits;
}

export interface EdgeModel {
  readonly role: "age" | "detect" | "embed" | "mesh" | "ruler";
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly package: string;
  readonly package_version: string;
  readonly source_file: string;
  readonly source_sha256: string | null;
  readonly licence: string;
  readonly training_data: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
}

export interface EdgeManifest {
  readonly kind: "likeness/edge/v1";
  readonly models: readonly EdgeModel[];
}

export type StructName = "Jwk" | "Header" | "ConsentGrant" | "ConsentToken" | "Admitted" | "Revocation" | "Revoked" | "JobRequest" | "JobBody" | "Offer" | "Disclosure" | "SealedRequest" | "Endorsement" | "AttestationKey" | "Quote" | "RosterEntry" | "Claim" | "Choose" | "Waiting" | "Progress" | "Problem" | "Check" | "ErasureReceipt" | "ConsentFile" | "ReceiptFile" | "PublicFact" | "Notice" | "PoolFact" | "Style" | "BundleFact" | "Limits" | "Facts" | "EdgeModel" | "EdgeManifest";

export interface Structs {
  Jwk: Jwk;
  Header: Header;
  ConsentGrant: ConsentGrant;
  ConsentToken: ConsentToken;
  Admitted: Admitted;
  Revocation: Revocation;
  Revoked: Revoked;
  JobRequest: JobRequest;
  JobBody: JobBody;
  Offer: Offer;
  Disclosure: Disclosure;
  SealedRequest: SealedRequest;
  Endorsement: Endorsement;
  AttestationKey: AttestationKey;
  Quote: Quote;
  RosterEntry: RosterEntry;
  Claim: Claim;
  Choose: Choose;
  Waiting: Waiting;
  Progress: Progress;
  Problem: Problem;
  Check: Check;
  ErasureReceipt: ErasureReceipt;
  ConsentFile: ConsentFile;
  ReceiptFile: ReceiptFile;
  PublicFact: PublicFact;
  Notice: Notice;
  PoolFact: PoolFact;
  Style: Style;
  BundleFact: BundleFact;
  Limits: Limits;
  Facts: Facts;
  EdgeModel: EdgeModel;
  EdgeManifest: EdgeManifest;
}

export const SHAPES: Record<StructName, StructShape> = {
  "Jwk": {"kind": null, "fields": {"crv": {"t": "is", "values": ["Ed25519"]}, "kty": {"t": "is", "values": ["OKP"]}, "x": {"t": "str", "pattern": "^[A-Za-z0-9_-]*$", "max": 2048}}, "optional": []},
  "Header": {"kind": null, "fields": {"alg": {"t": "is", "values": ["Ed25519"]}, "kid": {"t": "str", "pattern": "^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$", "max": 43}, "typ": {"t": "str"}, "jwk": {"t": "or-null", "of": {"t": "struct", "name": "Jwk"}}}, "optional": ["jwk"]},
  "ConsentGrant": {"kind": "likeness/grant/v1", "fields": {"nonce": {"t": "str", "pattern": "^[0-9a-f]{32}$", "max": 32}, "notice": {"t": "str", "pattern": "^[0-9a-f]{64}$", "max": 64}, "purpose": {"t": "is", "values": ["portrait"]}, "bundle": {"t": "str", "pattern": "^[0-9a-f]{64}$", "max": 64}, "styles": {"t": "list", "of": {"t": "str", "pattern": "^[a-z0-9][a-z0-9-]{0,47}$", "max": 48}, "min": 1, "max": 64}, "pool": {"t": "is", "values": ["attested", "company", "volunteer"]}, "region": {"t": "str", "pattern": "^[a-z0-9][a-z0-9-]{0,47}$", "max": 48}, "max_images": {"t": "int", "min": 1, "max": 8}, "max_disclosures": {"t": "int", "min": 1, "max": 8}, "adult": {"t": "is", "values": ["yes"]}, "this_is_me": {"t": "is", "values": ["yes"]}, "i_hold_the_rights": {"t": "is", "values": ["yes"]}, "volunteer_machine": {"t": "is", "values": ["no", "yes"]}, "salt_commitment": {"t": "str", "pattern": "^[0-9a-f]{64}$", "max": 64}, "issued_at": {"t": "int", "min": 0, "max": 9007199254740991}, "expires_at": {"t": "int", "min": 0, "max": 9007199254740991}}, "optional": []},
  "ConsentToken": {"kind": "likeness/consent/v1", "fields": {"jti": {"t": "str", "pattern": "^[0-9a-f]{32}$", "max": 32}, "iss": {"t": "str", "pattern": "^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$", "max": 43}, "aud": {"t": "is", "values": ["attested", "company", "volunteer"]}, "cnf": {"t": "str", "pattern": "^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$", "max": 43}, "grant": {"t": "str", "pattern": "^[0-9a-f]{64}$", "max": 64}, "notice": {"t": "str", "pattern": "^[0-9a-f]{64}$", "max": 64}, "purpose": {"t": "is", "values": ["portrait"]}, "bundle": {"t": "str", "pattern": "^[0-9a-f]{64}$", "max": 64}, "styles": {"t": "list", "of": {"t": "str", "pattern": "^[a-z0-9][a-z0-9-]{0,47}$", "max": 48}, "min": 1, "max": 64}, "region": {"t": "str", "pattern": "^[a-z0-9][a-z0-9-]{0,47}$", "max": 48}, "max_images": {"t": "int", "min": 1, "max": 8}, "max_disclosures": {"t": "int", "min": 1, "max": 8}, "iat": {"t": "int", "min": 0, "max": 9007199254740991}, "exp": {"t": "int", "min": 0, "max": 9007199254740991}}, "optional": []},
  "Admitted": {"kind": "likeness/admitted/v1", "fields": {"token": {"t": "str", "pattern": "^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]{86}$", "max": 4096}, "proof": {"t": "str", "max": 8000}}, "optional": []},
  "Revocation": {"kind": "likeness/revocation/v1", "fields": {"jti": {"t": "str", "pattern": "^[0-9a-f]{32}$", "max": 32}, "token": {"t": "str", "pattern": "^[0-9a-f]{64}$", "max": 64}, "salt": {"t": "str", "pattern": "^[A-Za-z0-9_-]*$", "max": 2048}, "issued_at": {"t": "int", "min": 0, "max": 9007199254740991}}, "optional": []},
  "Revoked": {"kind": "likeness/revoked/v1", "fields": {"token": {"t": "str", "pattern": "^[0-9a-f]{64}$", "max": 64}, "revoked_at": {"t": "int", "min": 0, "max": 9007199254740991}, "disclosures": {"t": "int", "min": 0, "max": 1000000}, "proof": {"t": "str", "max": 8000}}, "optional": []},
  "JobRequest": {"kind": "likeness/job/v1", "fields": {"nonce": {"t": "str", "pattern": "^[0-9a-f]{32}$", "max": 32}, "token": {"t": "str", "pattern": "^[0-9a-f]{64}$", "max": 64}, "images": {"t": "int", "min": 1, "max": 8}, "issued_at": {"t": "int", "min": 0, "max": 9007199254740991}}, "optional": []},
  "JobBody": {"kind": "likeness/job-body/v1", "fields": {"token": {"t": "str", "pattern": "^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]{86}$", "max": 4096}, "request": {"t": "str", "pattern": "^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]{86}$", "max": 4096}}, "optional": []},
  "Offer": {"kind": "likeness/offer/v1", "fields": {"offer_id": {"t": "str", "pattern": "^[0-9a-f]{32}$", "max": 32}, "token": {"t": "str", "pattern": "^[0-9a-f]{64}$", "max": 64}, "bundle": {"t": "str", "pattern": "^[0-9a-f]{64}$", "max": 64}, "pool": {"t": "is", "values": ["attested", "company", "volunteer"]}, "region": {"t": "str", "pattern": "^[a-z0-9][a-z0-9-]{0,47}$", "max": 48}, "images": {"t": "int", "min": 1, "max": 8}, "lot": {"t": "int", "min": 1, "max": 8}, "lots": {"t": "int", "min": 1, "max": 8}, "issued_at": {"t": "int", "min": 0, "max": 9007199254740991}, "expires_at": {"t": "int", "min": 0, "max": 9007199254740991}}, "optional": []},
  "Disclosure": {"kind": "likeness/disclosure/v1", "fields": {"token": {"t": "str", "pattern": "^[0-9a-f]{64}$", "max": 64}, "offer": {"t": "str", "pattern": "^[0-9a-f]{64}$", "max": 64}, "claim": {"t": "str", "pattern": "^[0-9a-f]{64}$", "max": 64}, "n": {"t": "int", "min": 1, "max": 8}, "images": {"t": "int", "min": 1, "max": 8}, "issued_at": {"t": "int", "min": 0, "max": 9007199254740991}}, "optional": []},
  "SealedRequest": {"kind": "likeness/sealed-request/v1", "fields": {"token": {"t": "str", "pattern": "^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]{86}$", "max": 4096}, "grant": {"t": "str", "pattern": "^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]{86}$", "max": 4096}, "record": {"t": "str", "pattern": "^[A-Za-z0-9_-]*$", "max": 2048}, "style": {"t": "str", "pattern": "^[a-z0-9][a-z0-9-]{0,47}$", "max": 48}, "seed": {"t": "int", "min": 0, "max": 4294967295}, "images": {"t": "int", "min": 1, "max": 8}, "response_secret": {"t": "str", "pattern": "^[A-Za-z0-9_-]*$", "max": 2048}}, "optional": []},
  "Endorsement": {"kind": "likeness/endorsement/v1", "fields": {"worker": {"t": "str", "pattern": "^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$", "max": 43}, "issued_at": {"t": "int", "min": 0, "max": 9007199254740991}, "not_after": {"t": "int", "min": 0, "max": 9007199254740991}}, "optional": []},
  "AttestationKey": {"kind": null, "fields": {"key": {"t": "str", "pattern": "^[A-Za-z0-9_-]*$", "max": 2048}, "root": {"t": "is", "values": ["test-tpm"]}}, "optional": []},
  "Quote": {"kind": null, "fields": {"message": {"t": "str", "pattern": "^[A-Za-z0-9_-]*$", "max": 2048}, "signature": {"t": "str", "pattern": "^[A-Za-z0-9_-]*$", "max": 2048}}, "optional": []},
  "RosterEntry": {"kind": "likeness/roster/v1", "fields": {"worker": {"t": "str", "pattern": "^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$", "max": 43}, "key": {"t": "str", "pattern": "^[A-Za-z0-9_-]*$", "max": 2048}, "pool": {"t": "is", "values": ["attested", "company", "volunteer"]}, "region": {"t": "str", "pattern": "^[a-z0-9][a-z0-9-]{0,47}$", "max": 48}, "operator": {"t": "str", "min": 1, "max": 120}, "software": {"t": "str", "pattern": "^[0-9a-f]{64}$", "max": 64}, "bundles": {"t": "list", "of": {"t": "str", "pattern": "^[0-9a-f]{64}$", "max": 64}, "min": 1, "max": 16}, "endorsement": {"t": "or-null", "of": {"t": "str", "pattern": "^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]{86}$", "max": 4096}}, "attestation": {"t": "or-null", "of": {"t": "struct", "name": "AttestationKey"}}, "enrolled_at": {"t": "int", "min": 0, "max": 9007199254740991}, "not_after": {"t": "int", "min": 0, "max": 9007199254740991}}, "optional": []},
  "Claim": {"kind": "likeness/claim/v1", "fields": {"offer": {"t": "str", "pattern": "^[0-9a-f]{64}$", "max": 64}, "hpke_key": {"t": "str", "pattern": "^[A-Za-z0-9_-]*$", "max": 2048}, "worker": {"t": "str", "pattern": "^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$", "max": 43}, "roster": {"t": "str", "pattern": "^[0-9a-f]{64}$", "max": 64}, "bundle": {"t": "str", "pattern": "^[0-9a-f]{64}$", "max": 64}, "issued_at": {"t": "int", "min": 0, "max": 9007199254740991}, "lease_seconds": {"t": "int", "min": 1, "max": 120}, "quote": {"t": "or-null", "of": {"t": "struct", "name": "Quote"}}}, "optional": []},
  "Choose": {"kind": "likeness/choose/v1", "fields": {"claims": {"t": "int", "min": 1, "max": 8}, "lots": {"t": "int", "min": 1, "max": 8}}, "optional": []},
  "Waiting": {"kind": "likeness/waiting/v1", "fields": {"waited_seconds": {"t": "int", "min": 0, "max": 9007199254740991}, "gives_up_after_seconds": {"t": "int", "min": 0, "max": 9007199254740991}, "ahead": {"t": "int", "min": 0, "max": 1000000}, "workers": {"t": "int", "min": 0, "max": 1000000}}, "optional": []},
  "Progress": {"kind": "likeness/progress/v1", "fields": {"phase": {"t": "is", "values": ["drawing", "finishing", "opened"]}, "image": {"t": "int", "min": 0, "max": 1000000}, "images": {"t": "int", "min": 1, "max": 8}, "step": {"t": "int", "min": 0, "max": 1000000}, "steps": {"t": "int", "min": 0, "max": 1000000}}, "optional": []},
  "Problem": {"kind": "likeness/problem/v1", "fields": {"code": {"t": "str", "pattern": "^[a-z0-9][a-z0-9-]{0,47}$", "max": 48}, "detail": {"t": "str", "max": 400}}, "optional": []},
  "Check": {"kind": null, "fields": {"name": {"t": "str", "pattern": "^[a-z0-9][a-z0-9-]{0,47}$", "max": 48}, "outcome": {"t": "is", "values": ["failed", "not-measured", "passed"]}, "detail": {"t": "str", "min": 1, "max": 120}}, "optional": []},
  "ErasureReceipt": {"kind": "likeness/erasure/v1", "fields": {"offer": {"t": "str", "pattern": "^[0-9a-f]{64}$", "max": 64}, "claim": {"t": "str", "pattern": "^[0-9a-f]{64}$", "max": 64}, "hpke_key": {"t": "str", "pattern": "^[0-9a-f]{64}$", "max": 64}, "bundle": {"t": "str", "pattern": "^[0-9a-f]{64}$", "max": 64}, "worker": {"t": "str", "pattern": "^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$", "max": 43}, "software": {"t": "str", "pattern": "^[0-9a-f]{64}$", "max": 64}, "opened_at": {"t": "or-null", "of": {"t": "int", "min": 0, "max": 9007199254740991}}, "exited_at": {"t": "int", "min": 0, "max": 9007199254740991}, "exit_kind": {"t": "is", "values": ["cancelled", "exception", "killed", "normal", "refused", "revoked", "timeout", "unused"]}, "checks": {"t": "list", "of": {"t": "struct", "name": "Check"}, "max": 32}, "kernel_init_on_free": {"t": "is", "values": ["off", "on", "unknown"]}, "images": {"t": "int", "min": 0, "max": 1000000}, "result": {"t": "or-null", "of": {"t": "str", "pattern": "^[0-9a-f]{64}$", "max": 64}}, "salt": {"t": "str", "pattern": "^[A-Za-z0-9_-]*$", "max": 2048}}, "optional": []},
  "ConsentFile": {"kind": "likeness/consent-file/v1", "fields": {"gateway_keys": {"t": "list", "of": {"t": "struct", "name": "Jwk"}, "min": 1, "max": 4}, "policy": {"t": "str", "max": 8000}, "notice": {"t": "str", "max": 8000}, "promise": {"t": "str", "max": 8000}, "grant": {"t": "str", "pattern": "^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]{86}$", "max": 4096}, "token": {"t": "str", "pattern": "^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]{86}$", "max": 4096}, "salt": {"t": "str", "pattern": "^[A-Za-z0-9_-]*$", "max": 2048}, "proof": {"t": "str", "max": 8000}}, "optional": []},
  "ReceiptFile": {"kind": "likeness/receipt-file/v1", "fields": {"consent": {"t": "struct", "name": "ConsentFile"}, "offer": {"t": "str", "max": 4096}, "roster": {"t": "str", "pattern": "^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]{86}$", "max": 4096}, "roster_proof": {"t": "str", "max": 8000}, "claim": {"t": "str", "pattern": "^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]{86}$", "max": 4096}, "disclosure": {"t": "str", "pattern": "^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]{86}$", "max": 4096}, "receipt": {"t": "str", "pattern": "^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]{86}$", "max": 4096}, "receipt_proof": {"t": "str", "max": 8000}}, "optional": []},
  "PublicFact": {"kind": "likeness/public-fact/v1", "fields": {"what": {"t": "is", "values": ["bundle", "page", "styles", "wheel"]}, "name": {"t": "str", "pattern": "^[a-z0-9][a-z0-9-]{0,47}$", "max": 48}, "version": {"t": "str", "min": 1, "max": 120}, "digest": {"t": "str", "pattern": "^[0-9a-f]{64}$", "max": 64}}, "optional": []},
  "Notice": {"kind": null, "fields": {"digest": {"t": "str", "pattern": "^[0-9a-f]{64}$", "max": 64}, "text": {"t": "str", "max": 8000}}, "optional": []},
  "PoolFact": {"kind": null, "fields": {"name": {"t": "is", "values": ["attested", "company", "volunteer"]}, "promise": {"t": "str", "max": 8000}, "lots": {"t": "int", "min": 0, "max": 1000000}, "workers": {"t": "int", "min": 0, "max": 1000000}}, "optional": []},
  "Style": {"kind": null, "fields": {"id": {"t": "str", "pattern": "^[a-z0-9][a-z0-9-]{0,47}$", "max": 48}, "title": {"t": "str", "min": 1, "max": 120}, "background": {"t": "str", "pattern": "^[a-z0-9][a-z0-9-]{0,47}$", "max": 48}, "attire": {"t": "str", "pattern": "^[a-z0-9][a-z0-9-]{0,47}$", "max": 48}, "light": {"t": "str", "pattern": "^[a-z0-9][a-z0-9-]{0,47}$", "max": 48}, "framing": {"t": "str", "pattern": "^[a-z0-9][a-z0-9-]{0,47}$", "max": 48}}, "optional": []},
  "BundleFact": {"kind": null, "fields": {"digest": {"t": "str", "pattern": "^[0-9a-f]{64}$", "max": 64}, "name": {"t": "str", "pattern": "^[a-z0-9][a-z0-9-]{0,47}$", "max": 48}, "version": {"t": "str", "min": 1, "max": 120}, "title": {"t": "str", "min": 1, "max": 120}, "licence": {"t": "str", "min": 1, "max": 120}, "needed": {"t": "list", "of": {"t": "is", "values": ["embedding", "geometry", "look"]}}, "optional": {"t": "list", "of": {"t": "is", "values": ["embedding", "geometry", "look"]}}, "embedder": {"t": "int", "min": 0, "max": 1000000}, "image_width": {"t": "int", "min": 0, "max": 1000000}, "image_height": {"t": "int", "min": 0, "max": 1000000}, "styles": {"t": "list", "of": {"t": "struct", "name": "Style"}}}, "optional": []},
  "Limits": {"kind": null, "fields": {"max_images": {"t": "int", "min": 1, "max": 8}, "max_disclosures": {"t": "int", "min": 1, "max": 8}, "token_seconds": {"t": "int", "min": 0, "max": 9007199254740991}, "claim_seconds": {"t": "int", "min": 0, "max": 9007199254740991}, "job_seconds": {"t": "int", "min": 0, "max": 9007199254740991}}, "optional": []},
  "Facts": {"kind": "likeness/facts/v1", "fields": {"operator": {"t": "str", "min": 1, "max": 120}, "contact": {"t": "str", "min": 1, "max": 120}, "region": {"t": "str", "pattern": "^[a-z0-9][a-z0-9-]{0,47}$", "max": 48}, "keys": {"t": "list", "of": {"t": "struct", "name": "Jwk"}, "min": 1, "max": 4}, "notice": {"t": "struct", "name": "Notice"}, "pools": {"t": "list", "of": {"t": "struct", "name": "PoolFact"}, "min": 1, "max": 3}, "bundles": {"t": "list", "of": {"t": "struct", "name": "BundleFact"}, "max": 16}, "limits": {"t": "struct", "name": "Limits"}}, "optional": []},
  "EdgeModel": {"kind": null, "fields": {"role": {"t": "is", "values": ["age", "detect", "embed", "mesh", "ruler"]}, "file": {"t": "str", "pattern": "^[a-z0-9.-]+$", "max": 80}, "sha256": {"t": "str", "pattern": "^[0-9a-f]{64}$", "max": 64}, "bytes": {"t": "int", "min": 1}, "package": {"t": "str", "min": 1, "max": 120}, "package_version": {"t": "str", "min": 1, "max": 120}, "source_file": {"t": "str", "max": 200}, "source_sha256": {"t": "or-null", "of": {"t": "str", "pattern": "^[0-9a-f]{64}$", "max": 64}}, "licence": {"t": "str", "min": 1, "max": 120}, "training_data": {"t": "str", "max": 8000}, "inputs": {"t": "map", "of": {"t": "str"}}, "outputs": {"t": "map", "of": {"t": "str"}}}, "optional": []},
  "EdgeManifest": {"kind": "likeness/edge/v1", "fields": {"models": {"t": "list", "of": {"t": "struct", "name": "EdgeModel"}, "min": 1, "max": 16}}, "optional": []},
};

export const ERRORS = {
  "bad-field": "A field is missing, unknown, of the wrong type or out of range.",
  "bad-header": "The JWS header names another algorithm, type or extension than this kind of statement has.",
  "bad-signature": "The signature does not belong to these bytes and this key.",
  "bundle-damaged": "A file of the bundle is missing or differs from its digest.",
  "bundle-refused": "The bundle's licence, version or parts are not allowed here.",
  "bus-unavailable": "The NATS server cannot be reached.",
  "bus-unsuitable": "The NATS server did not create what was asked for.",
  "cannot-open": "The message was sealed to another key or for another claim, or was altered.",
  "checkpoint-stale": "The witnesses cosigned the checkpoint too long ago; check the clock of this device.",
  "checkpoint-unwitnessed": "Too few of the witnesses that the policy names have cosigned the checkpoint.",
  "claim-mismatch": "The claim is for another offer, bundle, pool or worker, or is out of date.",
  "consent-refused": "Something was refused.",
  "error": "Something was refused.",
  "export-refused": "A model could not be made; nothing was left under its final name.",
  "grant-expired": "The consent was given too long ago, is dated in the future or lasts too long.",
  "grant-mismatch": "Consent, token, offer and disclosure do not belong together.",
  "grant-replayed": "This consent was already used to obtain a token.",
  "job-cancelled": "The job was cancelled by the person.",
  "job-refused": "The job cannot go on.",
  "job-replayed": "This job request was already used.",
  "job-stale": "The job request is not of this moment; check the clock of this device.",
  "job-timeout": "The worker took longer than the job may take and was stopped.",
  "log-refused": "Something was refused.",
  "log-unavailable": "The log could not be written or witnessed in time; nothing was issued.",
  "no-worker": "No worker took the job in time; nothing was disclosed.",
  "not-canonical": "The message says the right thing in other bytes than the canonical ones.",
  "not-endorsed": "The worker is not vouched for by the company root that was asked for.",
  "not-enrolled": "The gateway does not know this worker.",
  "not-json": "The message is not JSON of the expected kind.",
  "note-malformed": "A signed note, a key of one, or a proof is not written as its specification says.",
  "note-untrusted": "The checkpoint is not signed by the log's key.",
  "notice-outdated": "The consent refers to another notice than the one in force; read the notice and consent again.",
  "offer-expired": "The offer has lapsed; nothing was disclosed.",
  "operator-error": "Something was refused.",
  "out-of-order": "This message does not belong at this point of the job.",
  "over-limit": "More was asked for than this gateway allows.",
  "parity-failed": "The exported model differs from the original runtime by more than its tolerance.",
  "policy-invalid": "The witness policy cannot be read.",
  "proof-invalid": "The proof does not lead from the entry, or from the older tree, to the checkpoint.",
  "provider-missing": "The execution provider asked for is not the one that runs.",
  "quote-invalid": "The worker's TPM quote is missing, or is not about this key, this offer and this program.",
  "receipt-mismatch": "The erasure receipt is not about this job.",
  "record-malformed": "The likeness record has the wrong length, version or layout.",
  "record-not-finite": "The likeness record holds a number that is not finite or out of range.",
  "record-part-missing": "The bundle needs a part of the likeness record that was not given, or does not know one that was.",
  "record-refused": "The likeness record is not one.",
  "result-invalid": "What came back is not the sealed image of this job.",
  "seal-refused": "A sealed message cannot be opened.",
  "sealed-size": "A sealed message does not have its one fixed size.",
  "setting-invalid": "A setting is missing or wrong.",
  "source-digest-mismatch": "A source file differs from its pinned digest.",
  "source-unavailable": "A source package is not in the cache and could not be downloaded.",
  "statement-refused": "Something was refused.",
  "token-exhausted": "The consent allows no further portrait or no further worker.",
  "token-expired": "The consent token is no longer valid; consent again.",
  "token-revoked": "The consent was withdrawn; nothing more is done with it.",
  "too-few-claims": "Fewer different workers claimed the job than this pool asks for; nothing was disclosed.",
  "too-large": "The message is larger than its kind may be.",
  "unknown-bundle": "The bundle is not offered here.",
  "unknown-job": "No such job is open here.",
  "unknown-key": "The statement is signed by a key that is not trusted here.",
  "unknown-style": "The style is not in the bundle's catalogue or not in the consent.",
  "unsafe-host": "This machine could write memory to disk (swap); turn it off or accept it by name.",
  "unsupported-operator": "The source model has an operator that this reader does not know.",
  "worker-failed": "The worker's process ended without a portrait; see the receipt.",
  "worker-lost": "The worker stopped answering after it had received the sealed record.",
  "wrong-holder": "The token belongs to another browser key.",
  "wrong-pool": "The pool or region is not the one of the consent.",
} as const;

export const FAULTS = {
  "bad-field": "requester",
  "bad-header": "requester",
  "bad-signature": "requester",
  "bundle-damaged": "operator",
  "bundle-refused": "operator",
  "bus-unavailable": "operator",
  "bus-unsuitable": "operator",
  "cannot-open": "requester",
  "checkpoint-stale": "gateway",
  "checkpoint-unwitnessed": "gateway",
  "claim-mismatch": "worker",
  "consent-refused": "requester",
  "error": "requester",
  "export-refused": "operator",
  "grant-expired": "requester",
  "grant-mismatch": "requester",
  "grant-replayed": "requester",
  "job-cancelled": "requester",
  "job-refused": "requester",
  "job-replayed": "requester",
  "job-stale": "requester",
  "job-timeout": "worker",
  "log-refused": "gateway",
  "log-unavailable": "operator",
  "no-worker": "operator",
  "not-canonical": "requester",
  "not-endorsed": "worker",
  "not-enrolled": "operator",
  "not-json": "requester",
  "note-malformed": "gateway",
  "note-untrusted": "gateway",
  "notice-outdated": "requester",
  "offer-expired": "requester",
  "operator-error": "operator",
  "out-of-order": "requester",
  "over-limit": "requester",
  "parity-failed": "operator",
  "policy-invalid": "operator",
  "proof-invalid": "gateway",
  "provider-missing": "operator",
  "quote-invalid": "worker",
  "receipt-mismatch": "worker",
  "record-malformed": "requester",
  "record-not-finite": "requester",
  "record-part-missing": "requester",
  "record-refused": "requester",
  "result-invalid": "worker",
  "seal-refused": "requester",
  "sealed-size": "requester",
  "setting-invalid": "operator",
  "source-digest-mismatch": "operator",
  "source-unavailable": "operator",
  "statement-refused": "requester",
  "token-exhausted": "requester",
  "token-expired": "requester",
  "token-revoked": "requester",
  "too-few-claims": "gateway",
  "too-large": "requester",
  "unknown-bundle": "requester",
  "unknown-job": "requester",
  "unknown-key": "requester",
  "unknown-style": "requester",
  "unsafe-host": "operator",
  "unsupported-operator": "operator",
  "worker-failed": "worker",
  "worker-lost": "worker",
  "wrong-holder": "requester",
  "wrong-pool": "requester",
} as const;

export const PHOTO_ERRORS = {
  "photo-type": "The file is not a photo this page can read (JPEG, PNG or WebP).",
  "photo-heic": "The photo is HEIC, which this browser cannot read.",
  "photo-animated": "The file is an animation, not one photo.",
  "photo-corrupt": "The photo is damaged and cannot be read.",
  "photo-too-large": "The photo is larger than 30 MB or 100 megapixels.",
  "photo-too-small": "The photo is smaller than 200 pixels on a side.",
  "no-face": "No face was found.",
  "many-faces": "More than one face was found.",
  "face-too-small": "The face is too small in the photo.",
  "face-cut-off": "The face is cut off by the edge of the photo.",
  "face-turned": "The face is turned too far away.",
  "face-blurred": "The face is not sharp enough.",
  "face-dark": "The face is too dark or too bright.",
  "age-refused": "This service is for adults, and the estimate was not clearly adult.",
  "models-unavailable": "The models could not be loaded or differ from their digests.",
  "browser-unsupported": "This browser lacks something the page needs (WebAssembly, Ed25519 or Web Workers).",
  "camera-unavailable": "The camera could not be used.",
  "gateway-unreachable": "The gateway did not answer.",
  "not-expected": "Something unexpected happened in the page.",
} as const;

export type ErrorCode = keyof typeof ERRORS | keyof typeof PHOTO_ERRORS;

export const FRAMES = {
  "waiting": 1,
  "offer": 2,
  "roster": 3,
  "claim": 4,
  "progress": 5,
  "image": 6,
  "receipt": 7,
  "problem": 8,
  "end": 9,
  "proof": 10,
  "choose": 11,
} as const;

export const SIZES = {
  "publicKey": 1216,
  "mlkemPublicKey": 1184,
  "enc": 1120,
  "tag": 16,
  "sealedRequest": 8192,
  "requestRoom": 7056,
  "chunk": 65536,
  "sealedChunk": 65552,
  "maxImageChunks": 256,
  "secret": 32,
  "maxRecord": 256,
  "maxStatement": 65536,
} as const;

export const LABELS = {
  "request": "likeness/request/v1",
  "reply": "likeness/reply/v1",
  "image": "likeness/image/v1",
  "quote": "likeness/quote/v1",
} as const;

export const RECORD = {
  "version": 1,
  "ruler": 1,
  "header": 8,
  "geometry": 24,
  "look": 36,
  "embedding": 132,
  "embeddingLength": 128,
  "maxScale": 1.0,
  "attributeBytes": 16,
  "parts": {"geometry": 1, "look": 2, "embedding": 4},
  "embedders": {"1": "dlib-128"},
} as const;

export const COLOURS = ["skin", "lips", "brow", "hair", "iris"] as const;

export const ATTRIBUTES = {
  "hair": ["bald", "buzz", "short", "side", "curly", "afro", "bob", "long", "wavy", "bun"],
  "hair_volume": ["flat", "medium", "full"],
  "hairline": ["full", "receding"],
  "headwear": ["none", "hijab", "turban"],
  "beard": ["none", "stubble", "short", "full"],
  "moustache": ["none", "yes"],
  "glasses": ["none", "round", "rectangular", "oval"],
  "glasses_colour": ["black", "brown", "metal"],
  "parting": ["left", "right"],
  "age_look": ["younger", "middle", "older"],
  "face_softness": ["softer", "between", "stronger"],
  "smile": ["neutral", "soft"],
  "brow_weight": ["light", "medium", "heavy"],
  "freckles": ["none", "some"],
} as const;

export const PROMISES = {
  "company": "Your likeness record is opened on a machine that this gateway's operator runs. It is opened once, in a process that then ends, and the worker signs what it did. You trust the operator to run the program unaltered.",
  "volunteer": "Your likeness record is opened on the machine of a volunteer whom nobody has checked; your browser picks one at random among three that answer. The program opens it once, in a process that then ends, but the machine's owner could alter the program and keep a copy.",
  "attested": "Your likeness record is opened on a machine with a security chip (TPM). For each job, a key that its operator registered for that chip signs the job's key together with the name of the program that the worker says it runs. Nobody has checked who made the chip, and an administrator of the machine can write any name into it: you trust the operator to run the program unaltered.",
} as const;

export const LOTS = {
  "company": 1,
  "volunteer": 3,
  "attested": 1,
} as const;
