// Step 6: the job. Waiting, the claims, the choice, sealing, the worker's real steps, and a way to take it all back.

import { LikenessError } from "../protocol/errors.ts";
import type { Progress, Waiting } from "../protocol/wire.ts";
import type { CheckedClaim } from "../protocol/worker_key.ts";
import { nowSeconds } from "./clock.ts";
import { draw, type Happening } from "./drawing.ts";
import { button, el, fill, stepHeading } from "./dom.ts";
import * as net from "./net.ts";
import { progressView } from "./progress.ts";
import { recipientsView } from "./recipients.ts";
import { recordBytes, recordOf } from "./record.ts";
import { nothingYet, type Session } from "./session.ts";
import type { Journey, OpenStep } from "./step.ts";
import { withdraw } from "./withdrawing.ts";

/** How long a stopped worker's receipt is waited for. */
const RECEIPT_MS = 10_000;

export function generateStep(journey: Journey): OpenStep {
  const { session } = journey;
  const stop = new AbortController();
  const progress = progressView("Progress of the portrait");
  const recipients = el("div", { class: "card recipient", hidden: true });
  const takeBack = button("Stop and withdraw", { "data-testid": "withdraw" });
  progress.show("Asking the gateway for a worker …");
  const element = el(
    "section",
    { class: "step step-generate" },
    stepHeading("Your portrait is being drawn"),
    progress.element,
    recipients,
    el("div", { class: "actions" }, takeBack),
    el("p", { class: "small" }, "Stopping withdraws your consent at once. You can agree again whenever you like."),
  );

  let isLeft = false;
  let isWithdrawing = false;
  const teller = tellerOf(session, progress.show, recipients);
  const job = collect(session, stop.signal, async (happening) => {
    if (!isWithdrawing) return teller(happening);
    // The person said no before their record was handed over: then it is not.
    if (happening.is === "disclosing") throw new LikenessError("token-revoked");
  });
  job.then(
    () => {
      if (!isLeft && !isWithdrawing) journey.go("result");
    },
    (error: unknown) => {
      if (!isLeft && !isWithdrawing) journey.fail(error);
    },
  );

  async function withdrawNow(): Promise<void> {
    isWithdrawing = true;
    takeBack.disabled = true;
    progress.show("Withdrawing your consent, and stopping the worker …");
    try {
      await withdraw(session);
      await Promise.race([job.catch(() => undefined), new Promise((resolve) => setTimeout(resolve, RECEIPT_MS))]);
    } catch {
      // The next step asks again and says what is wrong; leaving this one stops the job in any case.
    }
    if (!isLeft) journey.go("withdrawn");
  }

  takeBack.addEventListener("click", () => void withdrawNow());
  const leave = (): void => {
    isLeft = true;
    stop.abort();
  };
  return { element, leave };
}

type Tell = (happening: Happening) => Promise<void>;

/** Runs the job. What it brings is kept in the session as it comes: a receipt counts even when no portrait follows. */
async function collect(session: Session, signal: AbortSignal, tell: Tell): Promise<void> {
  const { agreement, measured, style, images, facts, bundle, pinned, company } = session;
  if (!agreement || !measured || style === undefined)
    throw new TypeError("a job needs a consent, a record and a style");
  const record = recordBytes(recordOf(measured, session.choices, bundle), bundle);
  let outcome = nothingYet(style);
  session.outcome = outcome;
  const judges = { gateway: facts.keys, policy: pinned.policy, company: company?.key ?? null };
  const order = { ...judges, agreement, record, style, images };
  for await (const happening of draw(order, { ...net, now: nowSeconds }, signal)) {
    await tell(happening);
    if (happening.is === "disclosing") {
      session.reach = "record";
      session.agreement = { ...agreement, disclosures: agreement.disclosures + 1, images: agreement.images + images };
    }
    if (happening.is === "image") outcome = { ...outcome, portraits: [...outcome.portraits, happening.png] };
    if (happening.is === "receipt") outcome = { ...outcome, receipt: happening.receipt };
    if (happening.is === "logged") outcome = { ...outcome, logged: happening.logged };
    session.outcome = outcome;
  }
}

function tellerOf(session: Session, show: (words: string, share?: number) => void, recipients: HTMLElement): Tell {
  const claims: CheckedClaim[] = [];
  async function showRecipients(chosen?: CheckedClaim): Promise<void> {
    fill(recipients, ...(await recipientsView(claims, chosen, session.pinned)));
    recipients.hidden = false;
  }
  return async (happening) => {
    switch (happening.is) {
      case "waiting":
        show(waitingWords(happening.waiting));
        return;
      case "claimed":
        claims.push(happening.checked);
        await showRecipients();
        show("A worker answered, and what it says of itself holds …");
        return;
      case "chosen":
        await showRecipients(happening.checked);
        show("Sealing your record to this worker’s single-use key …");
        return;
      case "disclosing":
        show("Handing the sealed record to the worker …");
        return;
      case "progress":
        show(progressWords(happening.progress), progressShare(happening.progress));
        return;
      case "image":
        show(
          session.images === 1 ? "Opened and decrypted here. Waiting for the receipt …" : "One portrait is here …",
          1,
        );
        return;
      case "receipt":
        show("The receipt is here. Looking for it in the log …", 1);
        return;
      case "logged":
        show("The receipt stands in the log.", 1);
    }
  };
}

function waitingWords({ waited_seconds, gives_up_after_seconds, ahead, workers }: Waiting): string {
  const queue = ahead === 0 ? "You are next" : `${ahead} ahead of you`;
  const known = workers === 1 ? "1 worker is known" : `${workers} workers are known`;
  const time = `${waited_seconds} s of at most ${gives_up_after_seconds} s`;
  return `Waiting for a worker: ${time}. ${queue}; ${known}. Nothing is disclosed yet.`;
}

export function progressWords({ phase, image, images, step, steps }: Progress): string {
  const which = images === 1 ? "" : ` (portrait ${image + 1} of ${images})`;
  if (phase === "opened") return "The worker opened the sealed record …";
  if (phase === "finishing") return `Finishing${which} …`;
  return `Drawing: step ${step} of ${steps}${which}`;
}

export function progressShare({ phase, image, images, step, steps }: Progress): number {
  if (phase === "opened") return 0;
  return (image + (phase === "finishing" ? 1 : step / Math.max(1, steps))) / images;
}
