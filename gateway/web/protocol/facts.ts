// What a gateway says of itself before anything else happens (GET /api/v1/facts). The twin of schemas/facts.py.

import { decode } from "./canonical.ts";
import { LikenessError } from "./errors.ts";
import { digestOfText } from "./scalars.ts";
import type { Facts } from "./wire.ts";

/**
 * The facts in `raw`, with a notice whose digest is of the text that will be shown.
 *
 * @throws too-large, not-json, bad-field, not-canonical: they cannot be read.
 * @throws notice-outdated: the notice's digest is of another text.
 */
export async function openFacts(raw: Uint8Array): Promise<Facts> {
  const facts = decode("Facts", raw);
  if ((await digestOfText(facts.notice.text)) !== facts.notice.digest) throw new LikenessError("notice-outdated");
  return facts;
}
