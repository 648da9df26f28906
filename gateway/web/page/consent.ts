// Step 4: the notice, the pool, statements that nobody ticked beforehand, and a way out as easy as the way in.

import { agree, type Statements } from "./agreeing.ts";
import { button, el, fill, stepHeading } from "./dom.ts";
import { noticeView } from "./notice.ts";
import { poolChoice } from "./pools.ts";
import type { Session } from "./session.ts";
import type { Journey, OpenStep } from "./step.ts";
import { reachWords } from "./words.ts";

const STATEMENTS: readonly { readonly testId: string; readonly words: string }[] = [
  { testId: "consent-adult", words: "I am an adult." },
  { testId: "consent-me", words: "The photo shows me, and nobody else." },
  { testId: "consent-rights", words: "I have the right to use this photo." },
];
const VOLUNTEER =
  "A volunteer whom nobody has checked may open my likeness record. I know that the owner of that machine could keep " +
  "a copy of it, and that a copy can be turned back into a picture of me.";

export function consentStep(journey: Journey): OpenStep {
  const { session, go } = journey;
  const boxes = STATEMENTS.map(({ testId, words }) => tickBox(testId, words));
  const volunteer = tickBox("consent-volunteer", VOLUNTEER);
  const volunteerView = el(
    "fieldset",
    { class: "statements own" },
    el("legend", {}, "A yes of its own, for a volunteer’s machine"),
    volunteer.label,
  );
  const agreeButton = button("I agree", { "data-testid": "consent-agree", disabled: true });
  const said = el("p", { class: "small", "aria-live": "polite" });
  const pools = poolChoice(session, update);

  function update(): void {
    const isVolunteer = session.pool === "volunteer";
    volunteerView.hidden = !isVolunteer;
    if (!isVolunteer) volunteer.input.checked = false;
    const isSaid = boxes.every(({ input }) => input.checked) && (!isVolunteer || volunteer.input.checked);
    agreeButton.disabled = !isSaid || session.pool === undefined;
  }
  async function submit(): Promise<void> {
    if (!session.pool) return;
    agreeButton.disabled = true;
    fill(said, "Signing, and asking the gateway to countersign and to log it …");
    const volunteer_machine = volunteer.input.checked ? "yes" : "no";
    const yes: Statements = { adult: "yes", this_is_me: "yes", i_hold_the_rights: "yes", volunteer_machine };
    session.agreement = await agree(session, session.pool, yes);
    session.withdrawal = undefined;
    session.withdrawn = undefined;
    go("style");
  }

  for (const { input } of [...boxes, volunteer]) input.addEventListener("change", update);
  agreeButton.addEventListener("click", () => void submit().catch(journey.fail));
  const element = el(
    "section",
    { class: "step step-consent" },
    stepHeading("Your consent"),
    noticeView(session.facts.notice.text),
    el("p", {}, trustLink("Who can do what, and what nobody can promise")),
    pools,
    volunteerView,
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
  update();
  return { element };
}

/** In a window of its own: what this page knows is gone when it is left. */
function trustLink(words: string): HTMLElement {
  return el("a", { href: "/trust.html", target: "_blank", rel: "noopener", "data-testid": "trust-link" }, words);
}

function tickBox(testId: string, words: string): { input: HTMLInputElement; label: HTMLElement } {
  const input = el("input", { type: "checkbox", "data-testid": testId, autocomplete: "off" });
  return { input, label: el("label", { class: "tick" }, input, el("span", {}, words)) };
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
