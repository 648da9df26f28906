// The erasure receipt in words. Each line says who vouches for it: this page, or only the worker that signed.

import type { Check, ErasureReceipt } from "../protocol/wire.ts";
import { button, el } from "./dom.ts";
import { save } from "./save.ts";
import type { Pinned } from "./pinned.ts";
import type { Logged, Outcome } from "./session.ts";
import { moreView, rowsView, standingRows, standingWords } from "./standing.ts";

const CHECKED_HERE = [
  "Signed by the key of the worker that claimed the job",
  "About this job and this single-use key",
  "About exactly the bytes that arrived here",
];
/** What holds only once the proof has come. */
const CHECKED_WITH_PROOF = "Consent, offer, claim and receipt belong together, signature by signature";

const ENDINGS: Readonly<Record<ErasureReceipt["exit_kind"], string>> = {
  normal: "ended by itself after its work",
  exception: "ended with an error",
  killed: "was ended from outside",
  timeout: "was ended because it took too long",
  cancelled: "was ended because you stopped the job",
  revoked: "was ended because you withdrew your consent",
  refused: "refused the request and ended",
  unused: "ended unused",
};

const OUTCOMES: Readonly<Record<Check["outcome"], string>> = {
  passed: "passed",
  failed: "failed",
  "not-measured": "not measured on that machine",
};

const FILE_NAME = "likeness-receipt.json";

/** The receipt of a job, whether it brought a portrait or not. */
export function receiptView({ receipt, logged }: Pick<Outcome, "receipt" | "logged">, pinned: Pinned): HTMLElement | false {
  if (!receipt) return false;
  const held = logged ? [...CHECKED_HERE, CHECKED_WITH_PROOF, standingWords(logged.listed)] : CHECKED_HERE;
  return el(
    "article",
    { class: "card receipt", "data-testid": "receipt" },
    el("h2", {}, "The worker’s signed statement of erasure"),
    el("p", {}, storyOf(receipt)),
    el("h3", {}, "Checked by this page"),
    el("ul", { class: "checks" }, ...held.map((words) => el("li", { class: "passed" }, words)), !logged && unlogged()),
    logged && moreView("Its place in the log", rowsView(standingRows(logged.listed, pinned))),
    el("h3", {}, "Said by the worker about its machine"),
    el("p", {}, checksWords(receipt.checks)),
    el("ul", { class: "checks" }, ...receipt.checks.filter(({ outcome }) => outcome === "failed").map(checkView)),
    moreView(
      "All that it says",
      el("ul", { class: "checks" }, ...receipt.checks.map(checkView), el("li", {}, kernelWords(receipt))),
    ),
    el("p", { class: "small warn" }, "A signature tells who says so. It does not show that they tell the truth."),
    ...(logged ? keepView(logged) : []),
  );
}

function unlogged(): HTMLElement {
  const words = "The gateway did not show that this statement stands in its public log, so others cannot find it there";
  return el("li", { class: "failed", "data-testid": "receipt-unlogged" }, words);
}

function keepView({ file }: Logged): HTMLElement[] {
  const download = (): void => save(file, "application/json", FILE_NAME);
  return [
    button("Download the receipt file", { "data-testid": "download-receipt", onclick: download }),
    el(
      "p",
      { class: "small" },
      "It holds every signed statement of this job, no portrait and no record. ",
      el("code", {}, `likeness verify ${FILE_NAME}`),
      " checks it again at any time, without a network.",
    ),
  ];
}

export function storyOf({ opened_at, exited_at, exit_kind, images }: ErasureReceipt): string {
  const ended = `it ${ENDINGS[exit_kind]}`;
  if (opened_at === null) return `The process with the single-use key never opened your record; ${ended}.`;
  const seconds = Math.max(0, exited_at - opened_at);
  const lived = seconds < 1 ? "less than a second" : seconds === 1 ? "about one second" : `about ${seconds} seconds`;
  const drawn = images === 1 ? "one portrait" : `${images} portraits`;
  return `A process opened your record, drew ${drawn}, and existed for ${lived} after opening it; ${ended}.`;
}

/** How the worker's own checks came out, in a sentence. */
export function checksWords(checks: readonly Pick<Check, "outcome">[]): string {
  const count = (wanted: Check["outcome"]): number => checks.filter(({ outcome }) => outcome === wanted).length;
  const [passed, failed, unmeasured] = [count("passed"), count("failed"), count("not-measured")];
  const words = [`It made ${checks.length} checks of the process that had your record: ${passed} passed`];
  words.push(failed === 0 ? "none failed" : `${failed} failed`);
  if (unmeasured > 0) words.push(`${unmeasured} not measured on that machine`);
  return `${words.slice(0, -1).join(", ")} and ${words.at(-1)}.`;
}

function checkView({ name, outcome, detail }: Check): HTMLElement {
  return el(
    "li",
    { class: outcome },
    el("strong", {}, name.replaceAll("-", " ")),
    ` — ${OUTCOMES[outcome]}: ${detail}`,
  );
}

function kernelWords({ kernel_init_on_free }: ErasureReceipt): string {
  if (kernel_init_on_free === "on") return "Its kernel zeroes memory when a process gives it back.";
  if (kernel_init_on_free === "off") return "Its kernel zeroes memory only before the next process gets it.";
  return "Whether its kernel zeroes freed memory at once is not known.";
}
