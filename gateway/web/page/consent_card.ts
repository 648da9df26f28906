// The consent in force: that it stands in the log, a copy to keep, and a way out.

import { packConsentFile } from "../protocol/consent_file.ts";
import { button, el } from "./dom.ts";
import { save } from "./save.ts";
import { moreView, rowsView, standingRows, standingWords, timeWords } from "./standing.ts";
import type { Journey } from "./step.ts";
import { withdrawButton } from "./withdrawn.ts";

const FILE_NAME = "likeness-consent.json";

export function consentCard(journey: Journey): HTMLElement | false {
  const { agreement, pinned } = journey.session;
  if (!agreement) return false;
  const { file, listed, token } = agreement;
  const download = (): void => save(packConsentFile(file), "application/json", FILE_NAME);
  return el(
    "aside",
    { class: "card consent-card", "data-testid": "consent-card" },
    el(
      "p",
      {},
      el("strong", {}, `Your consent is in force until ${timeWords(token.exp)}.`),
      ` ${standingWords(listed)}`,
    ),
    moreView(
      "What stands there",
      el(
        "p",
        {},
        "A number that nobody can trace to you. With your copy of the consent you can show what you agreed to, and " +
          "that the gateway had it at that time.",
      ),
      rowsView(standingRows(listed, pinned)),
    ),
    el(
      "div",
      { class: "actions" },
      button("Download my copy", { "data-testid": "download-consent", onclick: download }),
      withdrawButton(journey),
    ),
  );
}
