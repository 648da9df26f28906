// What a step of the journey is to the page: an element, and a way to leave it.

import type { Step } from "./journey.ts";
import type { Session } from "./session.ts";

export interface Journey {
  readonly session: Session;
  /** Leaves this step for another; the table in journey.ts says which may follow. */
  go(to: Step): void;
  /** Shows what went wrong. An AbortError is a person's own doing and shows nothing. */
  fail(error: unknown): void;
}

export interface OpenStep {
  readonly element: HTMLElement;
  /** Called once when the step is left: stops cameras, jobs and timers, lets go of object URLs. */
  readonly leave?: () => void;
}

export type StepView = (journey: Journey) => OpenStep;
