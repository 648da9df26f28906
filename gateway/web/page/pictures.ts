// Small pictures of the record's parts: bars for ratios, swatches for colours, a strip for the identity vector.

import type { Colour } from "../protocol/embedding.ts";
import { el, svg } from "./dom.ts";
import { displayColour } from "./record.ts";

/** Codes are clipped at 2.5 standard deviations by the ruler: 80 of 127. */
const FULL_BAR = 80;
/** Height of a full bar; 121 is the width of all. */
const MOST = 11;

/** One bar a ratio: up is more than people have on average, down is less. */
export function geometryBars(geometry: Int8Array): SVGSVGElement {
  const bars = Array.from(geometry, (code, i) => {
    const height = Math.max(0.4, (Math.min(Math.abs(code), FULL_BAR) / FULL_BAR) * MOST);
    return svg("rect", {
      x: 1 + i * 5,
      y: code < 0 ? MOST : MOST - height,
      width: 3.4,
      height,
      rx: 0.8,
      class: code < 0 ? "below" : "above",
    });
  });
  const label = "24 bars: each ratio against the average";
  return svg(
    "svg",
    { viewBox: `0 0 121 ${2 * MOST}`, class: "bars", role: "img", "aria-label": label },
    svg("path", { d: `M0 ${MOST}H121`, class: "axis" }),
    ...bars,
  );
}

/** One cell a number, its strength as opacity, its sign as colour. */
export function vectorStrip(values: Int8Array): SVGSVGElement {
  const cells = Array.from(values, (code, i) =>
    svg("rect", {
      x: (i % 64) * 2,
      y: Math.floor(i / 64) * 7,
      width: 1.8,
      height: 6.4,
      "fill-opacity": (0.08 + (0.92 * Math.abs(code)) / 127).toFixed(2),
      class: code < 0 ? "below" : "above",
    }),
  );
  return svg(
    "svg",
    { viewBox: "0 0 128 13.4", class: "strip", role: "img", "aria-label": "128 numbers as a strip of cells" },
    ...cells,
  );
}

/** A filled square. */
export function swatch(colour: Colour): HTMLElement {
  const square = el("span", { class: "swatch", "aria-hidden": "true" });
  square.style.backgroundColor = cssColour(colour);
  return square;
}

export function cssColour(colour: Colour): string {
  return `rgb(${displayColour(colour).join(" ")})`;
}
