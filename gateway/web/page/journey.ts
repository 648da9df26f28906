// The person's way through the page, as a table: which step may follow which. Pure.

export type Step =
  | "photo"
  | "checks"
  | "leaves"
  | "consent"
  | "declined"
  | "style"
  | "generate"
  | "result"
  | "withdrawn"
  | "failed";

const NEXT: Readonly<Record<Step, readonly Step[]>> = {
  photo: ["checks"],
  checks: ["leaves", "photo"],
  leaves: ["consent", "checks"],
  consent: ["style", "declined", "leaves"],
  declined: ["photo", "consent"],
  style: ["generate", "consent", "leaves", "withdrawn"],
  generate: ["result", "style", "withdrawn"],
  result: ["style", "consent", "photo", "withdrawn"],
  withdrawn: ["withdrawn", "result", "consent", "photo"],
  failed: ["photo", "leaves", "consent", "style", "result", "withdrawn"],
};

/** Steps that the bar on top shows; the others belong to the one named. */
export const SHOWN: readonly { readonly step: Step; readonly title: string; readonly also: readonly Step[] }[] = [
  { step: "photo", title: "Photo", also: [] },
  { step: "checks", title: "Checks", also: [] },
  { step: "leaves", title: "What leaves", also: [] },
  { step: "consent", title: "Consent", also: ["declined"] },
  { step: "style", title: "Style", also: [] },
  { step: "generate", title: "Portrait", also: ["result", "withdrawn"] },
];

/** Whether `to` may follow `from`. Anything may fail. */
export function mayFollow(from: Step, to: Step): boolean {
  return to === "failed" || NEXT[from].includes(to);
}

/** Where the bar stands for `step`, or undefined for none. */
export function shownIndex(step: Step): number | undefined {
  const index = SHOWN.findIndex((shown) => shown.step === step || shown.also.includes(step));
  return index < 0 ? undefined : index;
}
