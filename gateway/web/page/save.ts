// Handing a file to the person.

import { el } from "./dom.ts";

const KEEP_MS = 60_000;

/** Offers `bytes` for download as `name`. */
export function save(bytes: Uint8Array<ArrayBuffer>, type: string, name: string): void {
  const url = URL.createObjectURL(new Blob([bytes], { type }));
  el("a", { href: url, download: name }).click();
  // Some browsers read the address only after the click has returned.
  setTimeout(() => URL.revokeObjectURL(url), KEEP_MS);
}
