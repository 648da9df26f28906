// Step 4: the notice, the pool, three statements that nobody ticked beforehand, and a way out as easy as the way in.

import type { PoolFact } from "../protocol/wire.ts";
import { agree, type Statements } from "./agreeing.ts";
import { button, el, fill, newId, stepHeading } from "./dom.ts";
import { noticeView } from "./notice.ts";
import type { Session } from "./session.ts";
import type { Journey, OpenStep } from "./step.ts";
import { reachWords } from "./words.ts";

const STATEMENTS: readonly { readonly name: keyof Statements; readonly testId: string; readonly words: string }[] = [
  { name: "adult", testId: "consent-adult", words: "I am an adult." },
  { name: "this_is_me", testId: "consent-me", words: "The photo shows me, and nobody else." },
  { name: "i_hold_the_rights", testId: "consent-rights", words: "I have the right to use this photo." },
];

const POOL_TITLES: Readonly<Record<PoolFact["name"], string>> = {
  company: "a machine of the operator",
  volunteer: "a volunteer’s machine",
  attested: "a machine with a security chip",
};

export function consentStep(journey: Journey): OpenStep {
  const { session, go } = journey;
  const boxes = STATEMENTS.map(({ testId, words }) => tickBox(testId, words));
  const agreeButton = button("I agree", { "data-testid": "consent-agree", disabled: true });
  const said = el("p", { class: "small", "aria-live": "polite" });
  const pools = poolChoice(session, update);

  function update(): void {
    agreeButton.disabled = !boxes.every(({ input }) => input.checked) || session.pool === undefined;
  }
  async function submit(): Promise<void> {
    if (!session.pool) return;
    agreeButton.disabled = true;
    fill(said, "Signing, and asking the gateway to countersign …");
    const yes: Statements = { adult: "yes", this_is_me: "yes", i_hold_the_rights: "yes" };
    session.agreement = await agree(session, session.pool, yes);
    go("style");
  }

  for (const { input } of boxes) input.addEventListener("change", update);
  agreeButton.addEventListener("click", () => void submit().catch(journey.fail));
  const element = el(
    "section",
    { class: "step step-consent" },
    stepHeading("Your consent"),
    noticeView(session.facts.notice.text),
    pools,
    scopeView(session),
    el("fieldset", { class: "statements" }, el("legend", {}, "I declare"), ...boxes.map(({ label }) => label)),
    said,
    el(
      "div",
      { class: "actions equal" },
      agreeButton,
      button("No thanks", { "data-testid": "consent-decline", onclick: () => go("declined") }),
    ),
    el("div", { class: "actions" }, button("Back to what leaves", { class: "quiet", onclick: () => go("leaves") })),
  );
  return { element };
}

function tickBox(testId: string, words: string): { input: HTMLInputElement; label: HTMLElement } {
  const input = el("input", { type: "checkbox", "data-testid": testId, autocomplete: "off" });
  return { input, label: el("label", { class: "tick" }, input, el("span", {}, words)) };
}

/** Where the record may be opened. A single pool is told; of several, one must be chosen. */
function poolChoice(session: Session, changed: () => void): HTMLElement {
  const { pools } = session.facts;
  const [only, ...others] = pools;
  if (only && others.length === 0) {
    session.pool = only.name;
    return el(
      "div",
      { class: "card" },
      el("h2", {}, `Who draws: ${POOL_TITLES[only.name]}`),
      el("p", {}, only.promise),
    );
  }
  const group = newId();
  const choices = pools.map(({ name, promise }) => {
    const choose = (): void => {
      session.pool = name;
      changed();
    };
    const input = el("input", { type: "radio", name: group, checked: session.pool === name, onchange: choose });
    return el("label", { class: "tick" }, input, el("span", {}, el("strong", {}, POOL_TITLES[name]), ` — ${promise}`));
  });
  return el("fieldset", { class: "statements" }, el("legend", {}, "Who may draw"), ...choices);
}

function scopeView({ facts, bundle }: Session): HTMLElement {
  const { max_images, max_disclosures, token_seconds } = facts.limits;
  const rows: readonly (readonly [string, string])[] = [
    ["Purpose", "drawing portraits, nothing else"],
    ["Drawn with", `${bundle.title} (${bundle.version})`],
    ["At most", `${max_images} portraits; the record is sent at most ${max_disclosures} times, once per job`],
    ["Region", facts.region],
    ["Lapses", `after ${Math.round(token_seconds / 60)} minutes, by itself`],
  ];
  return el("dl", { class: "scope" }, ...rows.flatMap(([term, words]) => [el("dt", {}, term), el("dd", {}, words)]));
}

/** Shown after “No thanks”. */
export function declinedStep({ session, go }: Journey): OpenStep {
  const forgetAll = (): void => {
    session.vision.end();
    go("photo");
  };
  const element = el(
    "section",
    { class: "step" },
    stepHeading("That is fine"),
    el("p", { class: "lead" }, `${reachWords(session.reach)} Close the page and everything here is gone.`),
    el(
      "div",
      { class: "actions" },
      button("Read it again", { class: "quiet", onclick: () => go("consent") }),
      button("Forget my photo and start over", { class: "quiet", onclick: forgetAll }),
    ),
  );
  return { element };
}
