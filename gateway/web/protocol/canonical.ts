// The only reader and writer of statement bytes (spec/encoding.md section 3), the twin of schemas/canonical.py.
//
// Canonical JSON: UTF-8, keys sorted by code point, no white space, integers only, tag field `kind`. Reading parses,
// checks against the table of shapes, writes again and compares, so that a statement has exactly one spelling.

import { LikenessError } from "./errors.ts";
import { sameBytes, utf8, type Bytes } from "./scalars.ts";
import { SHAPES, SIZES, type Shape, type StructName, type Structs } from "./wire.ts";

type Fields = Readonly<Record<string, unknown>>;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const patterns = new Map<string, RegExp>();

/** The canonical bytes of `statement`. */
export function encode<N extends StructName>(name: N, statement: Structs[N]): Bytes {
  return utf8(write({ t: "struct", name }, statement));
}

/**
 * The statement that `raw` is the canonical encoding of.
 *
 * @throws too-large: longer than `limitBytes`.
 * @throws not-json: not JSON at all.
 * @throws bad-field: JSON, but not of this kind (a field missing, unknown, of another type, or out of range).
 * @throws not-canonical: the right statement in other bytes than the canonical ones.
 */
export function decode<N extends StructName>(
  name: N,
  raw: Uint8Array,
  limitBytes: number = SIZES.maxStatement,
): Structs[N] {
  if (raw.length > limitBytes) throw new LikenessError("too-large");
  const value = parse(raw);
  check({ t: "struct", name }, value, "$");
  const statement = value as Structs[N];
  if (!sameBytes(encode(name, statement), raw)) throw new LikenessError("not-canonical");
  return statement;
}

function parse(raw: Uint8Array): unknown {
  let text: string;
  let value: unknown;
  try {
    text = decoder.decode(raw);
    value = JSON.parse(text);
  } catch {
    // The parser's message may quote a value, and a value may be private.
    throw new LikenessError("not-json");
  }
  const withoutStrings = text.replace(/"(?:[^"\\]|\\.)*"/g, '""');
  // JSON.parse turns 1.0 and 1e0 into the integer 1 before anybody can look.
  if (/\d[.eE]/.test(withoutStrings)) throw new LikenessError("bad-field", "a number is not an integer");
  if (hasLoneSurrogate(value)) throw new LikenessError("not-json");
  return value;
}

function hasLoneSurrogate(value: unknown): boolean {
  if (typeof value === "string") return /\p{Surrogate}/u.test(value);
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).some(([key, inner]) => hasLoneSurrogate(key) || hasLoneSurrogate(inner));
}

// --- shapes ---------------------------------------------------------------------------------------------------------

function check(shape: Shape, value: unknown, path: string): void {
  switch (shape.t) {
    case "str":
      return need(typeof value === "string" && isText(shape, value), path);
    case "int":
      return need(typeof value === "number" && Number.isInteger(value) && isWithin(shape, value), path);
    case "is":
      return need((shape.values as readonly unknown[]).includes(value), path);
    case "list":
      need(Array.isArray(value) && isWithin(shape, value.length), path);
      return (value as unknown[]).forEach((item, i) => check(shape.of, item, `${path}[${i}]`));
    case "map":
      need(isObject(value), path);
      return Object.values(value as Fields).forEach((item) => check(shape.of, item, `${path}[...]`));
    case "struct":
      need(isObject(value), path);
      return checkStruct(shape.name, value as Fields, path);
    case "or-null":
      return value === null ? undefined : check(shape.of, value, path);
  }
}

function checkStruct(name: StructName, value: Fields, path: string): void {
  const { kind, fields, optional } = SHAPES[name];
  for (const [key, inner] of Object.entries(value)) {
    // A missing tag is refused by the comparison of bytes, as in Python; here only a wrong one is.
    if (key === "kind" && kind !== null) need(inner === kind, `${path}.kind`);
    else need(Object.hasOwn(fields, key), path);
  }
  for (const [key, shape] of Object.entries(fields)) {
    if (Object.hasOwn(value, key)) check(shape, value[key], `${path}.${key}`);
    else need(optional.includes(key), path);
  }
}

function isText(shape: Extract<Shape, { t: "str" }>, value: string): boolean {
  // Lengths count code points, as in Python.
  return isWithin(shape, [...value].length) && (shape.pattern === undefined || compiled(shape.pattern).test(value));
}

function isWithin(range: { readonly min?: number; readonly max?: number }, value: number): boolean {
  return value >= (range.min ?? -Infinity) && value <= (range.max ?? Infinity);
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function compiled(pattern: string): RegExp {
  const known = patterns.get(pattern) ?? new RegExp(pattern, "u");
  patterns.set(pattern, known);
  return known;
}

function need(holds: boolean, path: string): void {
  if (!holds) throw new LikenessError("bad-field", `field ${path}`);
}

// --- writing --------------------------------------------------------------------------------------------------------

function write(shape: Shape, value: unknown): string {
  switch (shape.t) {
    case "list":
      return `[${(value as readonly unknown[]).map((item) => write(shape.of, item)).join(",")}]`;
    case "map":
      return writeFields(Object.entries(value as Fields).map(([key, item]) => [key, write(shape.of, item)]));
    case "struct":
      return writeFields(structFields(shape.name, value as Fields));
    case "or-null":
      return value === null ? "null" : write(shape.of, value);
    default:
      return JSON.stringify(value);
  }
}

function structFields(name: StructName, value: Fields): [string, string][] {
  const { kind, fields, optional } = SHAPES[name];
  const given = Object.entries(fields).filter(([key]) => !optional.includes(key) || (value[key] ?? null) !== null);
  const written = given.map(([key, shape]): [string, string] => [key, write(shape, value[key])]);
  return kind === null ? written : [["kind", JSON.stringify(kind)], ...written];
}

function writeFields(fields: readonly (readonly [string, string])[]): string {
  const sorted = [...fields].sort(([a], [b]) => byCodePoint(a, b));
  return `{${sorted.map(([key, text]) => `${JSON.stringify(key)}:${text}`).join(",")}}`;
}

/** Orders as UTF-8 does; JavaScript alone would order by UTF-16 units. */
function byCodePoint(a: string, b: string): number {
  const [ours, theirs] = [[...a], [...b]];
  for (let i = 0; i < Math.min(ours.length, theirs.length); i++) {
    const difference = (ours[i]?.codePointAt(0) ?? 0) - (theirs[i]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return ours.length - theirs.length;
}
