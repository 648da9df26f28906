// The likeness record of what was measured and chosen, and its parts one by one for the page to show. Pure.

import {
  attributesFrom,
  encodeRecord,
  partsOf,
  quantise,
  requireParts,
  type Colour,
  type LikenessRecord,
  type Part,
  type RecordBytes,
} from "../protocol/embedding.ts";
import { COLOURS, RECORD, type BundleFact } from "../protocol/wire.ts";
import type { Measured } from "../vision/messages.ts";
import type { Choices } from "./session.ts";

/** What the gateway's bundle says about parts. */
export type PartRules = Pick<BundleFact, "needed" | "optional" | "embedder">;

/** The record that would be sent: needed parts, and those optional ones that are not withheld. */
export function recordOf(measured: Measured, choices: Choices, rules: PartRules): LikenessRecord {
  const isSent = (part: Part): boolean =>
    rules.needed.includes(part) || (rules.optional.includes(part) && !choices.withheld.has(part));
  return {
    geometry: isSent("geometry") ? Int8Array.from(measured.geometry) : null,
    look: isSent("look")
      ? { colours: coloursOf(measured, choices), attributes: attributesFrom(choices.attributes) }
      : null,
    embedding: isSent("embedding") && measured.embedding ? quantise(measured.embedding, rules.embedder) : null,
  };
}

/** The five colours, null where one was not measured or is left out. */
export function coloursOf(measured: Measured, choices: Choices): (Colour | null)[] {
  return COLOURS.map((_, i): Colour | null => {
    if (!measured.coloursGiven[i] || choices.withheldColours.has(i)) return null;
    const [l = 0, a = 0, b = 0] = measured.colours.subarray(3 * i, 3 * i + 3);
    return [l, a, b];
  });
}

/** The bytes that will be sealed. @throws record-part-missing, record-malformed, record-not-finite. */
export function recordBytes(record: LikenessRecord, rules: PartRules): RecordBytes {
  requireParts(record, rules.needed, rules.optional);
  return encodeRecord(record);
}

/** One stretch of the record's bytes. */
export interface Stretch {
  readonly name: Part | "header";
  readonly bytes: Uint8Array;
}

/** The record's bytes cut where its parts begin, in their order. */
export function stretches(record: LikenessRecord, raw: Uint8Array): Stretch[] {
  const names: (Part | "header")[] = ["header", ...partsOf(record)];
  let at = 0;
  return names.map((name) => ({ name, bytes: raw.subarray(at, (at += RECORD[name])) }));
}

/** Bytes as people who read bytes expect them: hex, 16 a line. */
export function hexLines(raw: Uint8Array): string {
  const pairs = Array.from(raw, (byte) => byte.toString(16).padStart(2, "0"));
  const lines: string[] = [];
  for (let at = 0; at < pairs.length; at += 16) lines.push(pairs.slice(at, at + 16).join(" "));
  return lines.join("\n");
}

/** sRGB of a colour code, 0 to 255, for showing it (CIE 15, D65). */
export function displayColour([l2, a, b]: Colour): readonly [number, number, number] {
  const y = (l2 / 2 + 50 + 16) / 116;
  const f = (t: number): number => (t > 6 / 29 ? t ** 3 : 3 * (6 / 29) ** 2 * (t - 4 / 29));
  const [X, Y, Z] = [0.95047 * f(y + a / 500), f(y), 1.08883 * f(y - b / 200)];
  const linear = [
    3.2406 * X - 1.5372 * Y - 0.4986 * Z,
    -0.9689 * X + 1.8758 * Y + 0.0415 * Z,
    0.0557 * X - 0.204 * Y + 1.057 * Z,
  ];
  const [red = 0, green = 0, blue = 0] = linear.map((value) => {
    const v = Math.min(1, Math.max(0, value));
    return Math.round(255 * (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055));
  });
  return [red, green, blue];
}
