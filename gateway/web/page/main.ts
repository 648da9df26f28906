// Entry of the page: asks the gateway for its facts, then walks a person through the journey, one step at a time.

import { LikenessError } from "../protocol/errors.ts";
import { readFragment } from "../protocol/fragment.ts";
import { thumbprint } from "../protocol/signing.ts";
import type { ErrorCode, Facts } from "../protocol/wire.ts";
import { checksStep } from "./checks.ts";
import { consentStep, declinedStep } from "./consent.ts";
import { button, el, fill } from "./dom.ts";
import { codeOf, failureBox, isAbort, mendingStep } from "./failure.ts";
import { generateStep } from "./generate.ts";
import { mayFollow, SHOWN, shownIndex, type Step } from "./journey.ts";
import { leavesStep } from "./leaves.ts";
import { getFacts } from "./net.ts";
import { photoStep } from "./photo.ts";
import { readPinned } from "./pinned.ts";
import { checkPools, offered } from "./pools.ts";
import { receiptView } from "./receipt.ts";
import { resultStep } from "./result.ts";
import { NO_CHOICES, type Company, type Session } from "./session.ts";
import type { Journey, OpenStep, StepView } from "./step.ts";
import { styleStep } from "./style.ts";
import { VisionDoor } from "./vision_door.ts";
import { withdrawButton, withdrawnStep } from "./withdrawn.ts";

const VIEWS: Readonly<Record<Exclude<Step, "failed">, StepView>> = {
  photo: photoStep,
  checks: checksStep,
  leaves: leavesStep,
  consent: consentStep,
  declined: declinedStep,
  style: styleStep,
  generate: generateStep,
  result: resultStep,
  withdrawn: withdrawnStep,
};

const main = byId("step");

class Page implements Journey {
  readonly session: Session;
  #step: Step = "failed"; // nothing is open yet; the photo may follow
  #open: OpenStep | undefined;

  constructor(session: Session) {
    this.session = session;
  }

  readonly go = (to: Step): void => {
    if (!mayFollow(this.#step, to) || to === "failed") throw new TypeError(`${to} does not follow ${this.#step}`);
    try {
      this.#show(to, () => VIEWS[to](this));
    } catch (error) {
      this.fail(error);
    }
  };

  readonly fail = (error: unknown): void => {
    if (isAbort(error)) return;
    const code = codeOf(error);
    this.#show("failed", () => ({ element: this.#failure(code) }));
  };

  #show(step: Step, view: () => OpenStep): void {
    this.#open?.leave?.();
    this.#step = step;
    this.#open = view();
    document.body.dataset["state"] = step;
    showBar(step);
    fill(main, this.#open.element);
    const heading = main.querySelector("h1, h2");
    if (heading instanceof HTMLElement) {
      heading.focus({ preventScroll: true });
      document.title = `${heading.textContent} – Likeness`;
    }
    scrollTo({ top: 0 });
  }

  #failure(code: ErrorCode): HTMLElement {
    const { measured, reach, outcome, pinned } = this.session;
    const onward: Step = measured ? mendingStep(code) : "photo";
    // Another notice, style or bundle than the page knows: only the gateway's new facts help.
    const isOutdated = code === "notice-outdated" || code === "unknown-style" || code === "unknown-bundle";
    return el(
      "section",
      { class: "step" },
      failureBox(code, reach, "error"),
      outcome !== undefined && receiptView(outcome, pinned),
      el(
        "div",
        { class: "actions" },
        isOutdated
          ? reloadButton()
          : button("Go on from here", { class: "primary", "data-testid": "retry", onclick: () => this.go(onward) }),
        // All that is missing is the place in the log: the portraits are the person's all the same.
        outcome?.receipt !== undefined &&
          outcome.portraits.length > 0 &&
          button("See what was drawn", { "data-testid": "see-anyway", onclick: () => this.go("result") }),
        button("Start over", { class: "quiet", onclick: () => this.go("photo") }),
        withdrawButton(this),
      ),
    );
  }
}

function reloadButton(): HTMLElement {
  return button("Reload the page", { class: "primary", "data-testid": "reload", onclick: () => location.reload() });
}

/** The bar on top: where the person is, and what is still to come. */
function showBar(step: Step): void {
  const now = shownIndex(step);
  const items = SHOWN.map(({ title }, i) =>
    el(
      "li",
      { class: now !== undefined && i < now ? "done" : "", ...(i === now ? { "aria-current": "step" } : {}) },
      title,
    ),
  );
  fill(byId("steps"), ...items);
}

function showOperator(facts: Facts): void {
  fill(
    byId("operator"),
    `This gateway is run by ${facts.operator}. Contact: ${facts.contact}. Region: ${facts.region}.`,
  );
  const [bundle] = facts.bundles;
  if (bundle)
    fill(byId("tagline"), `An illustrated portrait of you by ${bundle.title}. Your photo stays on this device.`);
}

/** @throws browser-unsupported: without these the page cannot keep its promises. */
async function checkBrowser(): Promise<void> {
  const isCapable =
    isSecureContext &&
    typeof Worker === "function" &&
    typeof WebAssembly === "object" &&
    typeof OffscreenCanvas === "function";
  if (!isCapable) throw new LikenessError("browser-unsupported");
  await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"]).catch((cause: unknown) => {
    throw new LikenessError("browser-unsupported", undefined, { cause });
  });
}

/** The company that must vouch for workers. @throws setting-invalid: the address names one badly. */
async function readCompany(): Promise<Company | undefined> {
  const { company } = readFragment(location.hash);
  return company ? { key: company, thumbprint: await thumbprint(company) } : undefined;
}

/** The part of the address behind "#" is read once; a page that was sent another one begins again with it. */
function keepFragment(): void {
  addEventListener("hashchange", () => location.reload());
  document.querySelector(".skip")?.addEventListener("click", (event) => {
    event.preventDefault(); // the link would put its own word in the place of the company's key
    main.focus();
  });
}

async function start(): Promise<void> {
  keepFragment();
  await checkBrowser();
  const facts = await getFacts();
  showOperator(facts); // first, so that it stands below whatever is wrong with the rest
  const pinned = await readPinned(document.querySelector<HTMLMetaElement>('meta[name="likeness-policy"]')?.content ?? "");
  const company = await readCompany();
  const [bundle] = facts.bundles;
  if (!bundle) throw new LikenessError("unknown-bundle");
  checkPools(facts);
  offered({ facts, company });
  const session: Session = {
    facts,
    bundle,
    pinned,
    company,
    vision: new VisionDoor(),
    measured: undefined,
    choices: NO_CHOICES,
    pool: undefined,
    agreement: undefined,
    withdrawal: undefined,
    withdrawn: undefined,
    style: undefined,
    images: 1,
    outcome: undefined,
    reach: "nothing",
  };
  new Page(session).go("photo");
}

function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (!element) throw new TypeError(`the page has no #${id}`);
  return element;
}

start().catch((error: unknown) => {
  document.body.dataset["state"] = "failed";
  const box = failureBox(codeOf(error), "nothing", "error");
  fill(main, el("section", { class: "step" }, box, el("div", { class: "actions" }, reloadButton())));
});
