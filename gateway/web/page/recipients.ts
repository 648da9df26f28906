// Who took the job, before anything is sealed to them: in a sentence, and with all particulars for those who open them.

import { digest } from "../protocol/scalars.ts";
import type { Included } from "../protocol/log_proof.ts";
import type { CheckedClaim } from "../protocol/worker_key.ts";
import { el } from "./dom.ts";
import type { Pinned } from "./pinned.ts";
import { moreView, momentWords, rowsView, standingRows, standingWords, type Row } from "./standing.ts";

/** The workers that claimed the job; `chosen` is one of them, once it was picked, and comes first. */
export async function recipientsView(
  claims: readonly CheckedClaim[],
  chosen: CheckedClaim | undefined,
  pinned: Pinned,
): Promise<HTMLElement[]> {
  const isAlone = claims.length === 1;
  const others = claims.filter((claim) => claim !== chosen);
  const shown = chosen ? [chosen, ...others] : others;
  const views = shown.map((claim) => workerView(claim, !isAlone && claim === chosen, pinned));
  const [fewest] = claims.map(({ listed }) => listed).sort((a, b) => a.witnesses.length - b.witnesses.length);
  const picked = pickWords(claims.length, chosen !== undefined);
  return [
    el("h2", {}, isAlone ? "This worker took the job" : "These workers took the job"),
    ...(picked === "" ? [] : [el("p", {}, picked)]),
    ...(await Promise.all(views)),
    ...(fewest ? [el("p", { class: "small" }, listedWords(fewest, isAlone))] : []),
  ];
}

/** The same of all of them: what the fewest witnesses signed. */
function listedWords(listed: Included, isAlone: boolean): string {
  return standingWords(listed, isAlone ? "It stands" : "All of them stand");
}

export function pickWords(claims: number, isPicked: boolean): string {
  if (claims === 1) return "";
  if (!isPicked) return `${claims} workers have answered so far. Your browser will pick one of them at random.`;
  return (
    `Your browser picked one of these ${claims} at random, so that neither the gateway nor the quickest machine decides ` +
    "who reads your record. The others get nothing."
  );
}

async function workerView(
  { roster, listed, hpkeKey }: CheckedClaim,
  isPicked: boolean,
  pinned: Pinned,
): Promise<HTMLElement> {
  const rows: Row[] = [
    ["Its key", el("code", {}, roster.worker)],
    ["Key for this job only", el("code", { "data-testid": "key-fingerprint" }, fingerprint(await digest(hpkeKey)))],
    ["Listed until", momentWords(roster.not_after)],
    ...standingRows(listed, pinned),
  ];
  const since = `The gateway has listed it since ${momentWords(roster.enrolled_at)}.`;
  return el(
    "div",
    { class: isPicked ? "worker picked" : "worker" },
    isPicked && el("p", {}, el("strong", {}, "Your browser picked this one.")),
    el("p", {}, "Run by ", el("strong", {}, roster.operator), `, region ${roster.region}. ${since}`),
    moreView("Its keys and its place in the log", rowsView(rows)),
  );
}

/** A hash in groups that two people can compare aloud. */
function fingerprint(hex: string): string {
  return (hex.slice(0, 32).match(/.{4}/g) ?? []).join(" ");
}
