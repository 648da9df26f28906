// The likeness record: all that is ever said about a face, in at most 256 bytes (spec/encoding.md section 6).
//
// The twin of schemas/embedding.py. It is biometric data: this file is the only one that turns measurements into bytes
// that may be sealed.

import { LikenessError } from "./errors.ts";
import type { Bytes } from "./scalars.ts";
import { ATTRIBUTES, COLOURS, RECORD, SIZES } from "./wire.ts";

export type Part = keyof typeof RECORD.parts;
export type AttributeName = keyof typeof ATTRIBUTES;
/** What a person tapped; a name left out is not given. */
export type Attributes = { readonly [A in AttributeName]?: (typeof ATTRIBUTES)[A][number] };
/** ((L*-50)*2, a*, b*), each -127..127. */
export type Colour = readonly [number, number, number];

/** Measured colours and confirmed attributes. */
export interface Look {
  /** Five entries in the order of `COLOURS`, null when left out. */
  readonly colours: readonly (Colour | null)[];
  /** One number per name of `ATTRIBUTES`, 0 = not given. */
  readonly attributes: readonly number[];
}

/** A quantised identity vector: `values[i] * scale`. */
export interface Embedding {
  readonly embedder: number;
  readonly scale: number;
  readonly values: Int8Array<ArrayBuffer>;
}

/** One face, by the parts that were given. */
export interface LikenessRecord {
  /** 24 z-scores * 32. */
  readonly geometry: Int8Array<ArrayBuffer> | null;
  readonly look: Look | null;
  readonly embedding: Embedding | null;
}

declare const record: unique symbol;

/** The wire bytes of a record. Only `encodeRecord` makes them, and only they can be sealed. */
export type RecordBytes = Bytes & { readonly [record]: true };

const MAGIC = [0x4c, 0x4b, RECORD.version] as const;
const PARTS: readonly Part[] = ["geometry", "look", "embedding"];
const COLOUR_BYTES = 3 * COLOURS.length;
const ATTRIBUTES_AT = RECORD.look - RECORD.attributeBytes;
const NAMES = Object.keys(ATTRIBUTES) as AttributeName[];

/** Names of the parts that are present, in wire order. */
export function partsOf(of: LikenessRecord): Part[] {
  return PARTS.filter((part) => of[part] !== null);
}

/**
 * The wire bytes of `of`.
 *
 * @throws record-malformed, record-not-finite: the record could not be decoded again.
 */
export function encodeRecord(of: LikenessRecord): RecordBytes {
  const bits = partsOf(of).reduce((sum, part) => sum + RECORD.parts[part], 0);
  const raw: number[] = [...MAGIC, bits, RECORD.ruler, of.embedding?.embedder ?? 0, 0, 0];
  raw.push(...asBytes(of.geometry ?? []));
  if (of.look) raw.push(...encodeLook(of.look));
  if (of.embedding) {
    const scale = new DataView(new ArrayBuffer(4));
    scale.setFloat32(0, of.embedding.scale, true);
    raw.push(...new Uint8Array(scale.buffer), ...asBytes(of.embedding.values));
  }
  const bytes = Uint8Array.from(raw);
  decodeRecord(bytes);
  return bytes as RecordBytes;
}

/**
 * The record in `raw`.
 *
 * @throws record-malformed: wrong length, version, part, attribute, or a reserved byte that is not zero.
 * @throws record-not-finite: the scale is not a finite number in (0, `RECORD.maxScale`], or a value is -128.
 */
export function decodeRecord(raw: Bytes): LikenessRecord {
  const { bits, embedder } = readHeader(raw);
  let at: number = RECORD.header;
  const take = (length: number): Bytes => raw.slice(at, (at += length));
  const has = (part: Part): boolean => (bits & RECORD.parts[part]) !== 0;
  return {
    geometry: has("geometry") ? signed(take(RECORD.geometry)) : null,
    look: has("look") ? decodeLook(take(RECORD.look)) : null,
    embedding: has("embedding") ? decodeEmbedding(embedder, take(RECORD.embedding)) : null,
  };
}

/**
 * Returns when `of` has every `needed` part and none that the bundle would not use.
 *
 * @throws record-part-missing: otherwise (data nobody asked for is refused too).
 */
export function requireParts(of: LikenessRecord, needed: readonly Part[], optional: readonly Part[]): void {
  const given = partsOf(of);
  const complete = needed.every((part) => given.includes(part));
  const wanted = given.every((part) => needed.includes(part) || optional.includes(part));
  if (!complete || !wanted) throw new LikenessError("record-part-missing");
}

/**
 * `vector` (128 numbers) as int8 with one scale, symmetric and rounding half to even.
 *
 * @throws record-malformed: not 128 numbers.
 * @throws record-not-finite: a number is NaN or infinite, or all are zero.
 */
export function quantise(vector: ArrayLike<number>, embedder = 1): Embedding {
  const given = Array.from(vector);
  if (given.length !== RECORD.embeddingLength) throw new LikenessError("record-malformed");
  const peak = given.reduce((most, value) => Math.max(most, Number.isFinite(value) ? Math.abs(value) : Infinity), 0);
  const scale = Math.fround(peak / 127);
  if (!(scale > 0 && peak <= 127 * RECORD.maxScale)) throw new LikenessError("record-not-finite");
  const values = Int8Array.from(given, (value) => Math.max(-127, Math.min(127, roundHalfToEven(value / scale))));
  return { embedder, scale, values };
}

/** Attribute numbers of what a person tapped, in wire order. */
export function attributesFrom(tapped: Attributes): number[] {
  return NAMES.map((name) => (ATTRIBUTES[name] as readonly string[]).indexOf(tapped[name] ?? "") + 1);
}

// --- parts ----------------------------------------------------------------------------------------------------------

function readHeader(raw: Bytes): { bits: number; embedder: number } {
  const fits = raw.length > RECORD.header && raw.length <= SIZES.maxRecord && MAGIC.every((byte, i) => raw[i] === byte);
  const [, , , bits = 0, ruler, embedder = 0, ...reserved] = raw.subarray(0, RECORD.header);
  const size = PARTS.reduce<number>((sum, part) => sum + (bits & RECORD.parts[part] ? RECORD[part] : 0), RECORD.header);
  const isLaidOut =
    bits > 0 && bits < 8 && raw.length === size && ruler === RECORD.ruler && reserved.every((byte) => byte === 0);
  const hasEmbedding = (bits & RECORD.parts.embedding) !== 0;
  const isKnown = hasEmbedding ? Object.hasOwn(RECORD.embedders, embedder) : embedder === 0;
  if (!fits || !isLaidOut || !isKnown) throw new LikenessError("record-malformed");
  return { bits, embedder };
}

function decodeEmbedding(embedder: number, raw: Bytes): Embedding {
  const scale = new DataView(raw.buffer).getFloat32(0, true);
  if (!(scale > 0 && scale <= RECORD.maxScale)) throw new LikenessError("record-not-finite");
  return { embedder, scale, values: signed(raw.slice(4)) };
}

function encodeLook(look: Look): number[] {
  const { colours, attributes } = look;
  const codes = colours.flatMap((colour) => colour ?? [0, 0, 0]);
  const isWhole =
    colours.length === COLOURS.length &&
    codes.length === COLOUR_BYTES &&
    attributes.length === NAMES.length &&
    codes.every((code) => Number.isInteger(code) && code >= -128 && code <= 127) &&
    attributes.every((value) => Number.isInteger(value) && value >= 0 && value <= 255);
  if (!isWhole) throw new LikenessError("record-malformed");
  const given = colours.reduce((bits, colour, i) => bits | (colour ? 1 << i : 0), 0);
  const reserved = new Array<number>(RECORD.attributeBytes - NAMES.length).fill(0);
  return [...asBytes(codes), given, 0, 0, 0, 0, ...attributes, ...reserved];
}

function decodeLook(raw: Bytes): Look {
  const codes = signed(raw.slice(0, COLOUR_BYTES));
  const given = raw[COLOUR_BYTES] ?? 0;
  const values = Array.from(raw.subarray(ATTRIBUTES_AT));
  const isReservedZero = raw.subarray(COLOUR_BYTES + 1, ATTRIBUTES_AT).every((byte) => byte === 0);
  // A reserved attribute has no names, so that only 0 is within its range.
  const isInRange = values.every((value, i) => value <= (NAMES[i] ? ATTRIBUTES[NAMES[i]].length : 0));
  if (given >> COLOURS.length !== 0 || !isReservedZero || !isInRange) throw new LikenessError("record-malformed");
  const colours = COLOURS.map((_, i): Colour | null => {
    const [a = 0, b = 0, c = 0] = codes.subarray(3 * i, 3 * i + 3);
    const isGiven = ((given >> i) & 1) === 1;
    if (!isGiven && (a || b || c)) throw new LikenessError("record-malformed");
    return isGiven ? [a, b, c] : null;
  });
  return { colours, attributes: values.slice(0, NAMES.length) };
}

function signed(raw: Bytes): Int8Array<ArrayBuffer> {
  // -128 has no positive twin: symmetric codes leave it out, so that every vector has one spelling.
  if (raw.includes(0x80)) throw new LikenessError("record-not-finite");
  return new Int8Array(raw.buffer, raw.byteOffset, raw.length);
}

function asBytes(codes: ArrayLike<number>): Uint8Array {
  return new Uint8Array(Int8Array.from(codes).buffer);
}

/** Python's `round`. */
function roundHalfToEven(value: number): number {
  const nearest = Math.round(value);
  return Math.abs(value % 1) === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest;
}
