// Step 2: what was found, and that every gate let it pass.

import type { PassedCheck } from "../vision/messages.ts";
import { button, el, stepHeading } from "./dom.ts";
import type { Journey, OpenStep } from "./step.ts";

const SENTENCES: Readonly<Record<PassedCheck["name"], (figure: number) => string>> = {
  "one-face": () => "Exactly one face",
  size: (figure) => `Large enough: ${figure} pixels from eye corner to eye corner`,
  whole: () => "The whole face is in the picture",
  pose: (figure) => `Looks at the camera: ${figure}° away from it`,
  light: (figure) => `Light is in range: ${figure} % of white`,
  sharpness: () => "Sharp enough",
  adult: () => "The adult check passed. Its estimate stayed in the sealed part of the page; no number came out.",
};

export function checksStep({ session, go }: Journey): OpenStep {
  const { measured } = session;
  if (!measured) throw new TypeError("there is nothing to check yet");
  // The photo has done its work: its part of the page ends, and its memory goes back.
  const accept = (): void => {
    session.vision.end();
    go("leaves");
  };
  const list = measured.checks.map(({ name, figure }) => el("li", { class: "passed" }, SENTENCES[name](figure ?? 0)));
  const element = el(
    "section",
    { class: "step step-checks" },
    stepHeading("This is what the page saw"),
    el(
      "div",
      { class: "columns" },
      el(
        "figure",
        {},
        cropCanvas(measured.crop),
        el("figcaption", {}, "A crop for you to look at. It stays on this device."),
      ),
      el(
        "div",
        {},
        el("ul", { class: "checks" }, ...list),
        el(
          "p",
          { class: "small" },
          "These checks help honest people to a good portrait. They cannot stop somebody who alters the page.",
        ),
      ),
    ),
    el(
      "div",
      { class: "actions" },
      button("Continue", { class: "primary", "data-testid": "continue-leaves", onclick: accept }),
      button("Use another photo", { class: "quiet", onclick: () => go("photo") }),
    ),
  );
  return { element };
}

function cropCanvas(crop: ImageData): HTMLCanvasElement {
  const canvas = el("canvas", {
    width: crop.width,
    height: crop.height,
    role: "img",
    "aria-label": "Your face, cut out of the photo",
    "data-testid": "crop",
  });
  canvas.getContext("2d")?.putImageData(crop, 0, 0);
  return canvas;
}
