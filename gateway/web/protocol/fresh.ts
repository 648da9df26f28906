// The one file of this folder that asks for randomness; everything else gets it as an argument.

import { toHex, type Bytes } from "./scalars.ts";

/** `length` bytes from the operating system's random source. */
export function freshBytes(length: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(length));
}

/** An id that nobody had before: 16 random bytes as hex. */
export function freshId(): string {
  return toHex(freshBytes(16));
}

/** A seed for one portrait, 0 to 2^32 - 1. */
export function freshSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
}

/** One of `choices`, each as likely as the others; undefined when there is none. */
export function pickOne<T>(choices: readonly T[]): T | undefined {
  // Seeds above the largest multiple would favour the first choices.
  const limit = 2 ** 32 - (2 ** 32 % choices.length);
  for (;;) {
    const seed = freshSeed();
    if (!(seed >= limit)) return choices[seed % choices.length];
  }
}
