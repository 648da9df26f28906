// A progress region: a bar and a sentence. A screen reader hears a new sentence at once, new numbers in it less often.

import { el } from "./dom.ts";

const NUMBERS_EVERY_MS = 5000;

export interface ProgressView {
  readonly element: HTMLElement;
  /** `share` is 0 to 1; undefined while nobody can tell. */
  show(words: string, share?: number): void;
  hide(): void;
}

export function progressView(label: string): ProgressView {
  const bar = el("progress", { max: 1, "aria-label": label });
  const words = el("p", { "aria-hidden": "true" });
  const spoken = el("p", { class: "unseen", role: "status" });
  const element = el("div", { class: "progress", "data-testid": "progress", hidden: true }, bar, words, spoken);
  let spokenAt = Number.NEGATIVE_INFINITY;
  let spokenSentence = "";
  return {
    element,
    show(text, share) {
      element.hidden = false;
      if (share === undefined) bar.removeAttribute("value");
      else bar.value = share;
      words.textContent = text;
      const sentence = text.replace(/\d+/g, "");
      if (sentence === spokenSentence && performance.now() - spokenAt < NUMBERS_EVERY_MS) return;
      spoken.textContent = text;
      spokenSentence = sentence;
      spokenAt = performance.now();
    },
    hide() {
      element.hidden = true;
    },
  };
}
