// The part of the page's address behind "#", which browsers do not send (spec/sealed-job.md 2.7).

import { LikenessError } from "./errors.ts";
import { fromB64u } from "./scalars.ts";
import type { Jwk } from "./wire.ts";

const KEY_BYTES = 32;

/** What a person's link asks for beyond what the gateway says. */
export interface Fragment {
  /** The company root that must vouch for the worker; null when the link names none. */
  readonly company: Jwk | null;
}

/**
 * What `hash` (as `location.hash` gives it) asks for: nothing, or `#company=` and 43 characters.
 *
 * @throws setting-invalid: anything else. A root that cannot be read must not become no root.
 */
export function readFragment(hash: string): Fragment {
  if (hash === "" || hash === "#") return { company: null };
  const x = /^#company=([A-Za-z0-9_-]{43})$/.exec(hash)?.[1];
  if (x === undefined) throw new LikenessError("setting-invalid", "the address names no company root that can be read");
  try {
    fromB64u(x, KEY_BYTES);
  } catch (cause) {
    throw new LikenessError("setting-invalid", "the company root in the address is not a key", { cause });
  }
  return { company: { crv: "Ed25519", kty: "OKP", x } };
}
