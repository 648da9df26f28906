// Where something stands in the gateway's log: one plain sentence, and the particulars for those who open them.

import type { Included } from "../protocol/log_proof.ts";
import { el } from "./dom.ts";
import type { Pinned } from "./pinned.ts";

const MOMENT = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });
const TIME = new Intl.DateTimeFormat("en", { timeStyle: "short" });

/** A date and a time of day, where the person is. */
export function momentWords(seconds: number): string {
  return MOMENT.format(seconds * 1000);
}

/** A time of day, where the person is. */
export function timeWords(seconds: number): string {
  return TIME.format(seconds * 1000);
}

/** What `listed` means for a person. Witnesses say nothing about an entry; they say that the log has only grown. */
export function standingWords({ witnesses }: Included, itStands = "It stands"): string {
  const stands = `${itStands} in this gateway’s public log.`;
  if (witnesses.length === 0) return `${stands} No witness watches that log, so only the operator vouches for it.`;
  const signed = witnesses.length === 1 ? "One witness has" : `${witnesses.length} witnesses have`;
  return `${stands} ${signed} signed that nothing was removed from it or changed in it.`;
}

export type Row = readonly [term: string, said: Node | string];

/** Rows of words and what they stand for. */
export function rowsView(rows: readonly Row[]): HTMLElement {
  return el("dl", { class: "scope" }, ...rows.flatMap(([term, said]) => [el("dt", {}, term), el("dd", {}, said)]));
}

/** The particulars of `listed`. */
export function standingRows({ index, size, at, witnesses }: Included, { log, witnesses: named }: Pinned): Row[] {
  const watched = named === 0 ? "nobody" : `${witnesses.length} of ${named} witnesses`;
  const rows: Row[] = [
    ["Log", el("code", {}, log)],
    ["Entry", `number ${index}, of ${size} when this was checked`],
    ["Watched by", watched],
  ];
  if (at !== null) rows.push(["Seen by them", momentWords(at)]);
  return rows;
}

/** Something closed, for those who want to know more. */
export function moreView(summary: string, ...children: readonly Node[]): HTMLElement {
  return el("details", { class: "more" }, el("summary", {}, summary), ...children);
}
