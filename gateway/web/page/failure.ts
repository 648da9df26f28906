// An error on the page: what happened, what to do, and how far anything about the person has gone.

import { LikenessError } from "../protocol/errors.ts";
import type { ErrorCode } from "../protocol/wire.ts";
import { el } from "./dom.ts";
import type { Step } from "./journey.ts";
import { reachWords, WORDS, type Reach } from "./words.ts";

/** The code of anything that can be thrown. */
export function codeOf(error: unknown): ErrorCode {
  return error instanceof LikenessError ? error.code : "not-expected";
}

/** Whether `error` only says that the person stopped something. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

/** A message box for `code`. */
export function failureBox(code: ErrorCode, reach: Reach, testId: string): HTMLElement {
  const { title, whatToDo } = WORDS[code];
  return el(
    "div",
    { class: "failure", role: "alert", "data-testid": testId, "data-code": code },
    el("h2", {}, title),
    el("p", {}, whatToDo),
    el("p", { class: "reach" }, reachWords(reach)),
    el("p", { class: "code" }, `Code: ${code}`),
  );
}

/** Where to go on after `code`: the step at which it can be mended. */
export function mendingStep(code: ErrorCode): Step {
  if (/^(grant|token|notice|consent|wrong)-/.test(code)) return "consent";
  if (/^record-/.test(code)) return "leaves";
  return "style";
}
