// Step 5: a style from the bundle's closed catalogue, and how many portraits.

import type { Style } from "../protocol/wire.ts";
import { covers } from "./agreeing.ts";
import { nowSeconds } from "./clock.ts";
import { consentCard } from "./consent_card.ts";
import { button, el, newId, stepHeading, svg } from "./dom.ts";
import type { Journey, OpenStep } from "./step.ts";

export function styleStep(journey: Journey): OpenStep {
  const { session, go } = journey;
  const { bundle, agreement } = session;
  session.outcome = undefined;
  const group = newId();
  const start = button("Draw my portrait", {
    class: "primary",
    "data-testid": "generate",
    disabled: session.style === undefined,
  });
  // A consent that has lapsed or is used up is asked for again, before anything else happens.
  start.addEventListener("click", () =>
    go(covers(session.agreement, session.images, nowSeconds()) ? "generate" : "consent"),
  );
  const cards = bundle.styles.map((style) => {
    const choose = (): void => {
      session.style = style.id;
      start.disabled = false;
    };
    return styleCard(style, group, session.style === style.id, choose);
  });
  const left = agreement ? agreement.token.max_images - agreement.images : session.facts.limits.max_images;
  session.images = Math.min(session.images, Math.max(1, left));
  const element = el(
    "section",
    { class: "step step-style" },
    stepHeading("Choose a style"),
    el("p", { class: "lead" }, "Background, clothes and light come from the style, never from your photo."),
    el("fieldset", { class: "styles" }, el("legend", { class: "unseen" }, "Style"), ...cards),
    countChoice(Math.max(1, left), session.images, (images) => {
      session.images = images;
    }),
    el(
      "div",
      { class: "actions" },
      start,
      button("Back to what leaves", { class: "quiet", onclick: () => go("leaves") }),
    ),
    consentCard(journey),
  );
  return { element };
}

function styleCard(style: Style, group: string, checked: boolean, choose: () => void): HTMLElement {
  const input = el("input", {
    type: "radio",
    name: group,
    checked,
    onchange: choose,
    "data-testid": `style-${style.id}`,
  });
  return el("label", { class: "style-card" }, input, stylePicture(style), el("span", {}, style.title));
}

function countChoice(most: number, now: number, choose: (images: number) => void): HTMLElement | false {
  if (most < 2) return false;
  const group = newId();
  const counts = Array.from({ length: most }, (_, i) => i + 1);
  const choices = counts.map((count) =>
    el(
      "label",
      { class: "pill" },
      el("input", { type: "radio", name: group, checked: count === now, onchange: () => choose(count) }),
      el("span", {}, String(count)),
    ),
  );
  return el("fieldset", { class: "counts" }, el("legend", {}, "How many portraits"), ...choices);
}

/** A figure without a face: the background, the clothes and the framing, by the names the catalogue gives them. */
function stylePicture({ background, attire, light, framing }: Style): SVGSVGElement {
  const isClose = framing.startsWith("close");
  const figure = svg(
    "g",
    isClose ? { transform: "translate(-8 -6) scale(1.25)" } : {},
    svg("path", { d: "M6 66C7 50 22 49 27 46L37 46C42 49 57 50 58 66Z", class: `attire-${attire}` }),
    ...(ATTIRE_DETAILS[attire] ?? []).map(([d, look]) => svg("path", { d, class: look })),
    svg("path", { d: "M28 38L28 46C30 49 34 49 36 46L36 38Z", class: "figure shade" }),
    svg("ellipse", { cx: 32, cy: 28, rx: 11, ry: 14, class: "figure" }),
  );
  const side = { left: 12, right: 52 }[light] ?? 32;
  return svg(
    "svg",
    { viewBox: "0 0 64 64", class: "style-picture", "aria-hidden": "true" },
    svg("rect", { width: 64, height: 64, class: `background-${background}` }),
    svg("circle", { cx: side, cy: 20, r: 26, class: "glow" }),
    figure,
  );
}

/** What makes a garment recognisable; an unknown one is a plain shape. */
const ATTIRE_DETAILS: Readonly<Record<string, readonly (readonly [d: string, look: string])[]>> = {
  suit: [
    ["M26 47L32 60L38 47L35 49L29 49Z", "shirt"],
    ["M31 50L33 50L34.5 64L29.5 64Z", "tie"],
    ["M26 47L22 52L31 64M38 47L42 52L33 64", "seam"],
  ],
  blazer: [
    ["M26 47L32 60L38 47L35 49L29 49Z", "shirt"],
    ["M26 47L21 54L30 64M38 47L43 54L34 64", "seam"],
  ],
  knit: [
    ["M24 48C28 54 36 54 40 48", "seam"],
    ["M22 50C27 57 37 57 42 50", "seam"],
  ],
  turtleneck: [["M27 40L27 50C30 52 34 52 37 50L37 40C34 43 30 43 27 40Z", "collar"]],
  blouse: [
    ["M26 47L32 56L38 47L35 49L29 49Z", "figure shade"],
    ["M26 47L32 57L38 47", "seam"],
  ],
};
