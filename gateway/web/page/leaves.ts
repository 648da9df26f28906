// Step 3: what will leave this device. The record part by part, byte by byte, as it stands after each choice.

import type { Attributes, LikenessRecord, Look, Part } from "../protocol/embedding.ts";
import { COLOURS, RECORD, SIZES } from "../protocol/wire.ts";
import type { Measured } from "../vision/messages.ts";
import { chips } from "./chips.ts";
import { button, el, fill, stepHeading } from "./dom.ts";
import { cssColour, geometryBars, swatch, vectorStrip } from "./pictures.ts";
import { coloursOf, hexLines, recordBytes, recordOf, stretches } from "./record.ts";
import type { Choices, Session } from "./session.ts";
import { sketch } from "./sketch.ts";
import type { Journey, OpenStep } from "./step.ts";

const PARTS: Readonly<Record<Part, { readonly title: string; readonly words: string }>> = {
  geometry: {
    title: "Shape",
    words: "24 ratios of distances in your face, each as its place among other faces. No absolute sizes, no image.",
  },
  look: {
    title: "Look",
    words: "Up to five colours that were measured, and what you tap below. Leave out whatever you like.",
  },
  embedding: {
    title: "Identity vector",
    words:
      "128 numbers that face recognition uses to tell people apart. They make the portrait more like you, and they can " +
      "identify you.",
  },
};
const ORDER: readonly Part[] = ["geometry", "look", "embedding"];
const NUMBER = new Intl.NumberFormat("en");

export function leavesStep({ session, go }: Journey): OpenStep {
  const { measured } = session;
  if (!measured) throw new TypeError("there is no record yet");
  const total = el("strong", { class: "total", "data-testid": "leaves-total", "aria-live": "polite" });
  const bytes = el("div", { class: "hex", "data-testid": "leaves-hex" });
  const cards = ORDER.filter((part) => isKnown(session, part)).map((part) => partCard(session, measured, part, change));

  function change(choices: Choices): void {
    session.choices = choices;
    session.agreement = undefined; // a consent is about what was shown
    update();
  }
  function update(): void {
    const record = recordOf(measured as Measured, session.choices, session.bundle);
    const raw = recordBytes(record, session.bundle);
    fill(total, `${raw.length} bytes`);
    fill(bytes, ...stretches(record, raw).map((stretch) => hexView(stretch.name, stretch.bytes)));
    for (const card of cards) card.update(record);
  }

  update();
  const element = el(
    "section",
    { class: "step step-leaves" },
    stepHeading("What will leave this device"),
    el(
      "p",
      { class: "lead" },
      "Only this, only if you agree on the next page, and sealed so that one worker can open it.",
    ),
    el(
      "div",
      { class: "leaves" },
      el("div", { class: "parts" }, ...cards.map(({ element: card }) => card)),
      summary(session, total, bytes),
    ),
    el(
      "div",
      { class: "actions" },
      button("Continue to consent", {
        class: "primary",
        "data-testid": "continue-consent",
        onclick: () => go("consent"),
      }),
      button("Back", { class: "quiet", onclick: () => go("checks") }),
    ),
  );
  return { element };
}

interface Card {
  readonly element: HTMLElement;
  update(record: LikenessRecord): void;
}

function isKnown({ bundle }: Session, part: Part): boolean {
  return bundle.needed.includes(part) || bundle.optional.includes(part);
}

function partCard(session: Session, measured: Measured, part: Part, change: (choices: Choices) => void): Card {
  const { title, words } = PARTS[part];
  const picture = el("div", { class: "picture" });
  const size = el("span", { class: "size" });
  const header = el("header", {}, el("h2", {}, title), size, partSwitch(session, part, change));
  const element = el("article", { class: "card part", "data-testid": `part-${part}` }, header, el("p", {}, words));
  if (part === "look") {
    element.append(
      el("div", { class: "look" }, picture, colourChoices(session, measured, change)),
      chipChoices(session, change),
    );
  } else {
    element.append(picture);
  }
  return {
    element,
    update(record) {
      const isSent = record[part] !== null;
      element.classList.toggle("withheld", !isSent);
      fill(size, isSent ? `${RECORD[part]} bytes` : "stays here");
      fill(picture, pictureOf(part, record, session.choices.attributes));
    },
  };
}

function partSwitch(session: Session, part: Part, change: (choices: Choices) => void): HTMLElement {
  if (session.bundle.needed.includes(part)) return el("span", { class: "tag" }, "needed");
  const input = el("input", {
    type: "checkbox",
    role: "switch",
    checked: !session.choices.withheld.has(part),
    "data-testid": `switch-${part}`,
    onchange: () => change({ ...session.choices, withheld: toggled(session.choices.withheld, part, !input.checked) }),
  });
  return el("label", { class: "switch" }, input, el("span", {}, "send it"));
}

function pictureOf(part: Part, { geometry, look, embedding }: LikenessRecord, tapped: Attributes): Node | false {
  if (part === "geometry") return geometry !== null && geometryBars(geometry);
  if (part === "embedding") return embedding !== null && vectorStrip(embedding.values);
  return look !== null && tinted(look, tapped);
}

/** The sketch of what was tapped, in the colours that would be sent. */
function tinted(look: Look, tapped: Attributes): Node {
  const picture = sketch(tapped, "whole", "A sketch of your choices in the measured colours");
  COLOURS.forEach((name, i) => {
    const colour = look.colours[i];
    if (colour) picture.style.setProperty(`--sketch-${name}`, cssColour(colour));
  });
  return picture;
}

/** Each measured colour with a switch of its own. */
function colourChoices(session: Session, measured: Measured, change: (choices: Choices) => void): HTMLElement {
  const all = coloursOf(measured, { ...session.choices, withheldColours: new Set() });
  const rows = COLOURS.map((name, i) => {
    const colour = all[i];
    if (!colour) return el("li", { class: "missing" }, el("span", { class: "swatch" }), `${name}: not measured`);
    const input = el("input", {
      type: "checkbox",
      checked: !session.choices.withheldColours.has(i),
      onchange: () =>
        change({ ...session.choices, withheldColours: toggled(session.choices.withheldColours, i, !input.checked) }),
    });
    return el("li", {}, el("label", {}, input, swatch(colour), name));
  });
  return el("ul", { class: "colours" }, ...rows);
}

function chipChoices(session: Session, change: (choices: Choices) => void): HTMLElement {
  const groups = chips(session.choices.attributes, (attributes) => change({ ...session.choices, attributes }));
  const intro = el(
    "p",
    {},
    "A measurement cannot see these well. Tap what fits, or nothing at all; nobody guesses for you.",
  );
  return el("div", { class: "chip-section" }, el("h3", {}, "Describe yourself (optional)"), intro, groups);
}

function summary(session: Session, total: HTMLElement, bytes: HTMLElement): HTMLElement {
  return el(
    "aside",
    { class: "card summary" },
    el("h2", {}, "In all"),
    el("p", {}, total, ` of at most ${SIZES.maxRecord}`),
    el(
      "p",
      { class: "small" },
      `Sealed together with your consent it becomes ${NUMBER.format(SIZES.sealedRequest)} bytes for everybody, so that ` +
        "its length tells nothing.",
    ),
    el("h3", {}, "To whom"),
    el("p", { class: "small" }, recipientWords(session)),
    el("h3", {}, "What stays here"),
    el(
      "p",
      { class: "small" },
      "The photo, its background and clothes, place and time in its metadata, and the estimate of the adult check. " +
        "The part of the page that held them has been ended.",
    ),
    el(
      "p",
      { class: "small warn" },
      "The record is biometric data. Whoever has it can draw a face like yours, so treat it like a photo of you.",
    ),
    el("details", {}, el("summary", {}, "Show the bytes"), bytes),
  );
}

function recipientWords({ facts }: Session): string {
  const [only, ...others] = facts.pools;
  const worker =
    "One worker, by a single-use key of its own; the key’s fingerprint is shown once a worker has claimed the job.";
  return only && others.length === 0
    ? `${worker} ${only.promise}`
    : `${worker} You choose on the next page who may draw.`;
}

function hexView(name: string, raw: Uint8Array): HTMLElement {
  return el("div", {}, el("h4", {}, `${name}, ${raw.length} bytes`), el("pre", {}, hexLines(raw)));
}

function toggled<T>(set: ReadonlySet<T>, value: T, isIn: boolean): ReadonlySet<T> {
  const others = [...set].filter((other) => other !== value);
  return new Set(isIn ? [...others, value] : others);
}
