// The notice as elements. It is written in four marks of Markdown (heading, paragraph, **strong**, *emphasis*); all
// other characters are text. What is shown is what the consent's digest is of, so nothing is added or left out.

import { el } from "./dom.ts";

/** One run of text in a paragraph. */
export interface Run {
  readonly mark: "plain" | "strong" | "emphasis";
  readonly text: string;
}

/** A paragraph or a heading of the notice. */
export interface Block {
  readonly heading: boolean;
  readonly runs: readonly Run[];
}

/** The blocks of `text`. */
export function readNotice(text: string): Block[] {
  const blocks = text
    .split(/\n{2,}/)
    .map((block) => block.trim())
    .filter((block) => block !== "");
  return blocks.map((block) => ({
    heading: /^#+ /.test(block),
    runs: readRuns(block.replace(/^#+ /, "").replace(/\s+/g, " ")),
  }));
}

function readRuns(text: string): Run[] {
  const parts = text.split(/(\*\*[^*]+\*\*|\*[^*]+\*)/).filter((part) => part !== "");
  return parts.map((part): Run => {
    if (part.startsWith("**")) return { mark: "strong", text: part.slice(2, -2) };
    if (part.startsWith("*") && part.length > 2) return { mark: "emphasis", text: part.slice(1, -1) };
    return { mark: "plain", text: part };
  });
}

export function noticeView(text: string): HTMLElement {
  const blocks = readNotice(text).map(({ heading, runs }) => el(heading ? "h2" : "p", {}, ...runs.map(runView)));
  return el("div", { class: "notice", tabindex: 0, role: "region", "aria-label": "Notice" }, ...blocks);
}

function runView({ mark, text }: Run): Node {
  if (mark === "strong") return el("strong", {}, text);
  if (mark === "emphasis") return el("em", {}, text);
  return document.createTextNode(text);
}
