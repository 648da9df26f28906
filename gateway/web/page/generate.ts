// Step 6: the job. Waiting, the claim, sealing, the worker's real steps, and a button that stops all of it.

import { LikenessError } from "../protocol/errors.ts";
import { digest } from "../protocol/scalars.ts";
import type { Progress, Waiting } from "../protocol/wire.ts";
import type { CheckedClaim } from "../protocol/worker_key.ts";
import { nowSeconds } from "./clock.ts";
import { draw, type Happening } from "./drawing.ts";
import { button, el, fill, stepHeading } from "./dom.ts";
import * as net from "./net.ts";
import { progressView } from "./progress.ts";
import { recordBytes, recordOf } from "./record.ts";
import type { Outcome, Session } from "./session.ts";
import type { Journey, OpenStep } from "./step.ts";

export function generateStep(journey: Journey): OpenStep {
  const stop = new AbortController();
  const progress = progressView("Progress of the portrait");
  const recipient = el("div", { class: "card recipient", hidden: true });
  progress.show("Asking the gateway for a worker …");
  const element = el(
    "section",
    { class: "step step-generate" },
    stepHeading("Your portrait is being drawn"),
    progress.element,
    recipient,
    el("div", { class: "actions" }, button("Stop", { "data-testid": "cancel", onclick: () => stop.abort() })),
  );

  let isLeft = false;
  async function run(): Promise<void> {
    await collect(journey.session, stop.signal, tellerOf(journey.session, progress.show, recipient));
    journey.go("result");
  }
  run().catch((error: unknown) => {
    if (!isLeft) journey.fail(stop.signal.aborted ? new LikenessError("job-cancelled") : error);
  });
  const leave = (): void => {
    isLeft = true;
    stop.abort();
  };
  return { element, leave };
}

type Tell = (happening: Happening) => Promise<void>;

/** Runs the job. What it brings is kept in the session as it comes: a receipt counts even when no portrait follows. */
async function collect(session: Session, signal: AbortSignal, tell: Tell): Promise<void> {
  const { agreement, measured, style, images, facts, bundle } = session;
  if (!agreement || !measured || style === undefined)
    throw new TypeError("a job needs a consent, a record and a style");
  const record = recordBytes(recordOf(measured, session.choices, bundle), bundle);
  let outcome: Outcome = { portraits: [], style, receipt: undefined, receiptFile: undefined };
  session.outcome = outcome;
  const order = { agreement, gateway: facts.key, record, style, images };
  for await (const happening of draw(order, { ...net, now: nowSeconds }, signal)) {
    if (happening.is === "disclosing") {
      session.reach = "record";
      session.agreement = { ...agreement, disclosures: agreement.disclosures + 1, images: agreement.images + images };
    }
    if (happening.is === "image") outcome = { ...outcome, portraits: [...outcome.portraits, happening.png] };
    if (happening.is === "receipt") outcome = { ...outcome, receipt: happening.receipt, receiptFile: happening.file };
    session.outcome = outcome;
    await tell(happening);
  }
}

function tellerOf(session: Session, show: (words: string, share?: number) => void, recipient: HTMLElement): Tell {
  return async (happening) => {
    switch (happening.is) {
      case "waiting":
        show(waitingWords(happening.waiting));
        return;
      case "claimed":
        recipient.hidden = false;
        fill(recipient, ...(await recipientView(happening.checked)));
        show("A worker took the job. Sealing your record to its single-use key …");
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
        show("The receipt is here.", 1);
    }
  };
}

/** Who took the job, before anything is sealed to them. */
async function recipientView({ roster, hpkeKey }: CheckedClaim): Promise<HTMLElement[]> {
  const rows: readonly (readonly [string, Node | string])[] = [
    ["Run by", roster.operator],
    ["Its key", el("code", {}, roster.worker)],
    ["Key for this job only", el("code", { "data-testid": "key-fingerprint" }, fingerprint(await digest(hpkeKey)))],
  ];
  const list = el(
    "dl",
    { class: "scope" },
    ...rows.flatMap(([term, said]) => [el("dt", {}, term), el("dd", {}, said)]),
  );
  return [el("h2", {}, "This worker took the job"), list];
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

/** A hash in groups that two people can compare aloud. */
function fingerprint(hex: string): string {
  return (hex.slice(0, 32).match(/.{4}/g) ?? []).join(" ");
}
