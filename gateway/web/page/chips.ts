// Picture chips: what a measurement cannot see, tapped by the person or left out. Nothing is chosen for them.

import type { AttributeName, Attributes } from "../protocol/embedding.ts";
import { ATTRIBUTES } from "../protocol/wire.ts";
import { el, fill, newId } from "./dom.ts";
import { sketch } from "./sketch.ts";

interface Question {
  readonly name: AttributeName;
  readonly title: string;
  /** What a value is called; the value itself where nothing is said. */
  readonly words?: Readonly<Record<string, string>>;
}

const GROUPS: readonly { readonly title: string; readonly questions: readonly Question[] }[] = [
  {
    title: "Hair",
    questions: [
      { name: "hair", title: "Hair style", words: { side: "side-swept", buzz: "buzz cut", bun: "bun or ponytail" } },
      { name: "hair_volume", title: "Volume" },
      { name: "hairline", title: "Hairline" },
      { name: "parting", title: "Parting, as you see it in the picture" },
    ],
  },
  {
    title: "Worn",
    questions: [
      { name: "headwear", title: "Head covering" },
      { name: "glasses", title: "Glasses" },
      { name: "glasses_colour", title: "Colour of the frame" },
    ],
  },
  {
    title: "Facial hair",
    questions: [
      { name: "beard", title: "Beard" },
      { name: "moustache", title: "Moustache", words: { none: "no", yes: "yes" } },
    ],
  },
  {
    title: "Face",
    questions: [
      { name: "age_look", title: "Age you would like to look" },
      { name: "face_softness", title: "Shape of the face" },
      { name: "brow_weight", title: "Brows" },
      { name: "smile", title: "Expression", words: { soft: "soft smile" } },
      { name: "freckles", title: "Freckles" },
    ],
  },
];

const LEFT_OUT = "leave out";
/** What is drawn larger, because it is small in a face. */
const IS_ABOUT_FACE: ReadonlySet<AttributeName> = new Set([
  "glasses",
  "glasses_colour",
  "moustache",
  "age_look",
  "face_softness",
  "brow_weight",
  "smile",
  "freckles",
]);

/** The chips. `changed` hears the whole answer after each tap. */
export function chips(start: Attributes, changed: (attributes: Attributes) => void): HTMLElement {
  let given = start;
  const set = (name: AttributeName, value: string | undefined): void => {
    given = withAnswer(given, name, value);
    changed(given);
  };
  const groups = GROUPS.map(({ title, questions }) => {
    const summary = el("summary", {}, title);
    const count = el("span", { class: "count" });
    const tell = (): void => fill(count, countWords(questions.filter(({ name }) => given[name] !== undefined).length));
    summary.append(count);
    tell();
    const sets = questions.map((question) =>
      questionView(question, given[question.name], (value) => {
        set(question.name, value);
        tell();
      }),
    );
    return el("details", { class: "chip-group" }, summary, ...sets);
  });
  return el("div", { class: "chip-groups" }, ...groups);
}

/** `attributes` with one answer set or taken back. */
export function withAnswer(attributes: Attributes, name: AttributeName, value: string | undefined): Attributes {
  const { [name]: _, ...others } = attributes;
  return value === undefined ? others : ({ ...others, [name]: value } as Attributes);
}

function countWords(count: number): string {
  return count === 0 ? "nothing given" : `${count} given`;
}

function questionView(
  { name, title, words = {} }: Question,
  now: string | undefined,
  set: (value: string | undefined) => void,
): HTMLElement {
  const group = newId();
  const chip = (value: string | undefined): HTMLElement => {
    const input = el("input", {
      type: "radio",
      name: group,
      value: value ?? "",
      checked: value === now,
      onchange: () => set(value),
      "data-testid": `chip-${name}-${value ?? "out"}`,
    });
    const picture =
      value === undefined
        ? el("span", { class: "no-picture", "aria-hidden": "true" }, "–")
        : sketch(pictureOf(name, value), IS_ABOUT_FACE.has(name) ? "face" : "head");
    const text = value === undefined ? LEFT_OUT : (words[value] ?? value);
    return el("label", { class: "chip" }, input, picture, el("span", {}, text));
  };
  const values: readonly string[] = ATTRIBUTES[name];
  return el("fieldset", { class: "chips" }, el("legend", {}, title), chip(undefined), ...values.map(chip));
}

/** The head on a chip: the value, on short hair where a bare head would hide what is meant. */
function pictureOf(name: AttributeName, value: string): Attributes {
  const isAboutHair = name === "hair" || name === "hair_volume" || name === "hairline" || name === "parting";
  const isCovered = name === "headwear" && value !== "none";
  return { ...(isAboutHair || isCovered ? {} : { hair: "short" }), [name]: value } as Attributes;
}
