// Who may draw: the pools, with the promises of this page, not of the gateway.

import { LikenessError } from "../protocol/errors.ts";
import { LOTS, PROMISES, type Facts, type PoolFact } from "../protocol/wire.ts";
import { el, newId } from "./dom.ts";
import type { Session } from "./session.ts";

export type PoolName = PoolFact["name"];

const TITLES: Readonly<Record<PoolName, string>> = {
  company: "a machine of the operator",
  volunteer: "a volunteer’s machine",
  attested: "a machine with a security chip",
};
const NUMBERS: Readonly<Record<number, string>> = { 2: "Two", 3: "Three", 4: "Four", 5: "Five" };

/**
 * Returns when the gateway promises what this page promises.
 *
 * @throws notice-outdated: it says something else of a pool, so that one of the two is of another version.
 */
export function checkPools({ pools }: Pick<Facts, "pools">): void {
  const isSame = pools.every(({ name, promise, lots }) => promise === PROMISES[name] && lots === LOTS[name]);
  if (!isSame) throw new LikenessError("notice-outdated", "the gateway describes a pool in other words than this page");
}

/**
 * The pools that a person may choose. A company vouches for its own machines alone.
 *
 * @throws not-endorsed: a company must vouch, and no pool has machines that it can vouch for.
 */
export function offered({ facts, company }: Pick<Session, "facts" | "company">): readonly PoolName[] {
  const names = facts.pools.map(({ name }) => name);
  if (!company) return names;
  if (!names.includes("company")) throw new LikenessError("not-endorsed");
  return ["company"];
}

/** Where the record may be opened. A single pool is told; of several, one must be chosen. */
export function poolChoice(session: Session, changed: () => void): HTMLElement {
  const names = offered(session);
  const [only, ...others] = names;
  if (only && others.length === 0) {
    session.pool = only;
    const told = [el("p", {}, PROMISES[only]), drawView(only), companyView(session)];
    return el("div", { class: "card" }, el("h2", {}, `Who draws: ${TITLES[only]}`), ...told);
  }
  // A volunteer's machine is chosen anew each time.
  if (session.pool === "volunteer") session.pool = undefined;
  const group = newId();
  const choices = names.map((name) => {
    const choose = (): void => {
      session.pool = name;
      changed();
    };
    const checked = session.pool === name;
    const input = el("input", { type: "radio", name: group, checked, onchange: choose, "data-testid": `pool-${name}` });
    const words = [el("strong", {}, TITLES[name]), ` — ${PROMISES[name]}`, drawView(name)];
    return el("label", { class: "tick" }, input, el("span", {}, ...words));
  });
  return el("fieldset", { class: "statements" }, el("legend", {}, "Who may draw"), ...choices);
}

/** Why several must answer, where that is so. */
function drawView(name: PoolName): HTMLElement | false {
  const words = drawWords(LOTS[name]);
  return words !== "" && el("span", { class: "small block" }, words);
}

export function drawWords(lots: number): string {
  if (lots === 1) return "";
  return (
    `${NUMBERS[lots] ?? lots} different machines must answer before your browser draws lots, so that neither the ` +
    "gateway nor the quickest machine decides who reads your record."
  );
}

function companyView({ company }: Session): HTMLElement | false {
  if (!company) return false;
  return el(
    "p",
    { class: "warn", "data-testid": "company" },
    "Only workers vouched for by your company’s key ",
    el("code", {}, shortly(company.thumbprint)),
    " are accepted. The link that brought you here names that key.",
  );
}

/** The beginning of a key's name, for comparing aloud. */
export function shortly(thumbprint: string): string {
  return (thumbprint.slice(0, 16).match(/.{4}/g) ?? []).join(" ");
}
