// A progress region: a bar and a sentence that screen readers hear when it changes.

import { el } from "./dom.ts";

export interface ProgressView {
  readonly element: HTMLElement;
  /** `share` is 0 to 1; undefined while nobody can tell. */
  show(words: string, share?: number): void;
  hide(): void;
}

export function progressView(label: string): ProgressView {
  const bar = el("progress", { max: 1, "aria-label": label });
  const words = el("p", { "aria-live": "polite" });
  const element = el("div", { class: "progress", "data-testid": "progress", hidden: true }, bar, words);
  return {
    element,
    show(text, share) {
      element.hidden = false;
      if (share === undefined) bar.removeAttribute("value");
      else bar.value = share;
      // The same sentence again would be read out again.
      if (words.textContent !== text) words.textContent = text;
    },
    hide() {
      element.hidden = true;
    },
  };
}
