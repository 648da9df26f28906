// Every way this side says no: one class, one stable code. Codes, meanings and faults are those of schemas/errors.py.

import { ERRORS, FAULTS, PHOTO_ERRORS, type ErrorCode } from "./wire.ts";

export type Fault = (typeof FAULTS)[keyof typeof FAULTS];

/** A refusal. `message` is for developers and never carries personal data; the page has its own words for each code. */
export class LikenessError extends Error {
  override readonly name = "LikenessError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, detail: string = meaningOf(code), options?: { cause: unknown }) {
    super(detail, options);
    this.code = code;
  }

  get detail(): string {
    return this.message;
  }

  /** Who has to act. */
  get fault(): Fault {
    return this.code in FAULTS ? FAULTS[this.code as keyof typeof FAULTS] : "requester";
  }
}

/** Whether `code` is one of ours. */
function isCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code) || Object.hasOwn(PHOTO_ERRORS, code);
}

/** The text for developers behind `code`. */
function meaningOf(code: ErrorCode): string {
  return code in ERRORS ? ERRORS[code as keyof typeof ERRORS] : PHOTO_ERRORS[code as keyof typeof PHOTO_ERRORS];
}

/** The error that a gateway or worker named by its code; a code we do not know becomes `not-expected`. */
export function fromPeer(problem: { readonly code: string; readonly detail: string }): LikenessError {
  if (isCode(problem.code)) return new LikenessError(problem.code, problem.detail);
  return new LikenessError("not-expected", `${problem.code}: ${problem.detail}`);
}
