// The one place of the page that asks what time it is.

/** Whole unix seconds. */
export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
