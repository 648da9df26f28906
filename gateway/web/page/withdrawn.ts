// After “Withdraw consent”: what happened, in words, and what the worker said about it.

import { button, el, fill, stepHeading } from "./dom.ts";
import { codeOf, failureBox } from "./failure.ts";
import { receiptView } from "./receipt.ts";
import { forget, type Session } from "./session.ts";
import { momentWords } from "./standing.ts";
import type { Journey, OpenStep } from "./step.ts";
import { withdraw, recordWords } from "./withdrawing.ts";

/** A way out that stands wherever a consent is in force. */
export function withdrawButton({ session, go }: Journey): HTMLElement | false {
  if (!session.agreement) return false;
  return button("Withdraw my consent", { class: "quiet", "data-testid": "withdraw", onclick: () => go("withdrawn") });
}

/** Withdraws, unless that is done already, and tells of it. */
export function withdrawnStep(journey: Journey): OpenStep {
  const { session } = journey;
  const body = el("div", { class: "step", "data-testid": "withdrawn" });
  const heading = stepHeading("Withdrawing your consent");
  let isLeft = false;

  async function run(): Promise<void> {
    if (!session.withdrawn) {
      fill(body, el("p", { role: "status" }, "Telling the gateway …"));
      await withdraw(session);
    }
    if (isLeft) return;
    heading.textContent = "Your consent is withdrawn";
    fill(body, ...storyView(journey));
    session.agreement = undefined;
  }
  run().catch((error: unknown) => {
    if (!isLeft) fill(body, ...notYetView(journey, error));
  });
  const leave = (): void => {
    isLeft = true;
  };
  return { element: el("section", { class: "step" }, heading, body), leave };
}

function storyView(journey: Journey): (HTMLElement | false)[] {
  const { session } = journey;
  const { withdrawn, agreement, outcome } = session;
  if (!withdrawn) return [];
  const words = recordWords(withdrawn, agreement?.disclosures ?? withdrawn.disclosures, outcome);
  return [
    el("p", { class: "lead", role: "status" }, "From now on nobody can use it. ", words),
    el(
      "p",
      { class: "small" },
      `Withdrawn ${momentWords(withdrawn.revoked_at)}. This stands in the gateway’s public log, without your name.`,
    ),
    outcome !== undefined && receiptView(outcome, session.pinned),
    onwardView(journey),
  ];
}

/** The gateway has not confirmed it. */
function notYetView({ session, go }: Journey, error: unknown): (HTMLElement | false)[] {
  const code = codeOf(error);
  if (code === "token-expired") {
    session.agreement = undefined;
    return [
      el("p", { class: "lead", role: "status" }, "This consent had lapsed by itself. Nobody can use it any more."),
      session.outcome !== undefined && receiptView(session.outcome, session.pinned),
      onwardView({ session, go }),
    ];
  }
  return [
    el(
      "p",
      { class: "lead" },
      "The gateway has not confirmed it. The consent lapses by itself after fifteen minutes in any case.",
    ),
    failureBox(code, session.reach, "error"),
    el(
      "div",
      { class: "actions" },
      button("Try again", { class: "primary", "data-testid": "withdraw-again", onclick: () => go("withdrawn") }),
    ),
  ];
}

function onwardView({ session, go }: Pick<Journey, "session" | "go">): HTMLElement {
  const hasPortrait = (session.outcome?.portraits.length ?? 0) > 0;
  return el(
    "div",
    { class: "actions" },
    hasPortrait && button("Back to my portrait", { "data-testid": "back-to-portrait", onclick: () => go("result") }),
    button("Start over", { class: "quiet", onclick: () => startOver(session, go) }),
  );
}

function startOver(session: Session, go: Journey["go"]): void {
  forget(session);
  session.vision.end();
  go("photo");
}
