// One example of a vector file, and how runners read its fields.

import { fromHex, sameBytes, type Bytes } from "../protocol/scalars.ts";

/** One example: its inputs, and what must come of it (`accept` or an error code). */
export type Case = Readonly<Record<string, unknown>> & { readonly name: string; readonly expect: string };
export type Runner = (given: Case) => Promise<void> | void;

export function need(holds: boolean): void {
  if (!holds) throw new Error("the outcome is another");
}

export function same(a: Uint8Array, b: Uint8Array): void {
  need(sameBytes(a, b));
}

export function text(given: Case, field: string): string {
  const value = given[field];
  if (typeof value !== "string") throw new Error(`${given.name}: no text ${field}`);
  return value;
}

/** A list of texts. */
export function texts(given: Case, field: string): string[] {
  const value = given[field];
  if (!Array.isArray(value)) throw new Error(`${given.name}: no list ${field}`);
  return value.map(String);
}

export function number(given: Case, field: string): number {
  const value = given[field];
  if (typeof value !== "number") throw new Error(`${given.name}: no number ${field}`);
  return value;
}

/** The time at which somebody looks; null where the case says that nobody asks for it. */
export function nowOrNever(given: Case): number | null {
  return given["now"] === null ? null : number(given, "now");
}

export function hex(given: Case, field: string): Bytes {
  return fromHex(text(given, field));
}
