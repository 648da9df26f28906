// A head drawn from what a person tapped: the pictures on the chips, and the sketch of the look part.
//
// Colours come from the style sheet's custom properties, so that a chip shows a shape and never a complexion.

import type { Attributes } from "../protocol/embedding.ts";
import { svg } from "./dom.ts";

type Shape = SVGElement;
type Draw = (of: Attributes) => readonly Shape[];

const path = (d: string, look: string): Shape => svg("path", { d, class: look });
const circle = (cx: number, cy: number, r: number, look: string): Shape => svg("circle", { cx, cy, r, class: look });
const ellipse = (cx: number, cy: number, rx: number, ry: number, look: string): Shape =>
  svg("ellipse", { cx, cy, rx, ry, class: look });

/** Parts of the 64 x 64 picture: all of it, the head, the face. */
const FIELDS = { whole: "0 0 64 64", head: "7 1 50 55", face: "15 13 34 38" } as const;

/** A head and shoulders; `label` is what a screen reader says, none hides it. */
export function sketch(of: Attributes, field: keyof typeof FIELDS, label?: string): SVGSVGElement {
  const layers = [hairBehind, shoulders, face, hairInFront, brows, features, beard, glasses, headwear];
  const spoken = label === undefined ? { "aria-hidden": "true" } : { role: "img", "aria-label": label };
  return svg("svg", { viewBox: FIELDS[field], class: "sketch", ...spoken }, ...layers.flatMap((layer) => layer(of)));
}

const BEHIND: Partial<Record<NonNullable<Attributes["hair"]>, () => Shape>> = {
  afro: () => circle(32, 25, 21, "hair"),
  bob: () => path("M15 30C14 8 50 8 49 30L49 44C49 47 46 48 44 48L20 48C18 48 15 47 15 44Z", "hair"),
  long: () => path("M15 30C14 8 50 8 49 30L51 60L13 60Z", "hair"),
  wavy: () =>
    path(
      "M15 28C14 8 50 8 49 28C52 33 47 38 51 44C54 50 49 54 51 60L13 60C15 54 10 50 13 44C17 38 12 33 15 28Z",
      "hair",
    ),
  bun: () => circle(32, 8, 6.5, "hair"),
};

const hairBehind: Draw = ({ hair }) => {
  const behind = hair && BEHIND[hair]?.();
  return behind ? [behind] : [];
};

const shoulders: Draw = () => [
  path("M8 64C9 53 20 52 27 50L37 50C44 52 55 53 56 64Z", "cloth"),
  path("M27 42L27 51C29 54 35 54 37 51L37 42Z", "skin shade"),
];

const JAWS = {
  softer: "M18.5 30C18.5 13 45.5 13 45.5 30C45.5 42 39 48 32 48C25 48 18.5 42 18.5 30Z",
  between: "M19 30C19 13 45 13 45 30C45 40 38 49 32 49C26 49 19 40 19 30Z",
  stronger: "M19 28C19 13 45 13 45 28L44 39C43 44 37 49 32 49C27 49 21 44 20 39Z",
} as const;

const face: Draw = ({ face_softness }) => [
  ellipse(18.6, 32, 2.4, 4, "skin shade"),
  ellipse(45.4, 32, 2.4, 4, "skin shade"),
  path(JAWS[face_softness ?? "between"], "skin"),
];

/** How far a cap of hair reaches above the head, in pixels, by volume. */
const LIFT = { flat: 0, medium: 2, full: 5 } as const;

/** Hair on top of the head: from ear to ear above, back along the hairline. */
function cap(lift: number, hairline: string): Shape {
  const top = 13 - lift;
  return path(`M18 31C15 ${top - 4} 49 ${top - 4} 46 31C46 27 45 24 43 22${hairline}C19 24 18 27 18 31Z`, "hair");
}

const HAIRLINES = {
  full: "C36 19 28 19 21 22",
  receding: "C42 15 36 14 35 18C33 20 31 20 29 18C28 14 22 15 21 22",
} as const;

const hairInFront: Draw = (of) => {
  const { hair, hair_volume, hairline, parting } = of;
  // Nothing said about hair is not a bald head: a dashed line says that it is open.
  if (!hair && !hair_volume && !hairline && !parting) return [path("M18 29C16 9 48 9 46 29", "line open")];
  const lift = LIFT[hair_volume ?? "medium"];
  const line = HAIRLINES[hairline ?? "full"];
  const parted = parting
    ? [path(parting === "left" ? "M25 20C26 15 27 12 28 10" : "M39 20C38 15 37 12 36 10", "line light")]
    : [];
  switch (hair) {
    case "bald":
      return [];
    case "buzz":
      return [path("M18.5 29C17 9 47 9 45.5 29C44 21 41 19 32 19C23 19 20 21 18.5 29Z", "hair thin")];
    case "side":
      return [
        path(
          `M18 31C15 ${9 - lift} 49 ${9 - lift} 46 31C46 27 45 24 43 22C36 23 29 21 25.5 17.5C24.5 20 22 22.5 20.5 24C19.5 26 18.5 28 18 31Z`,
          "hair",
        ),
      ];
    case "curly":
      return [
        [20, 21],
        [24, 16],
        [30, 13],
        [36, 13],
        [41, 17],
        [44.5, 22],
        [27, 18],
        [34, 17],
        [39, 20],
      ].map(([x = 0, y = 0]) => circle(x, y, 4.6, "hair"));
    default:
      return [cap(hair === "afro" ? 3 : lift, line), ...parted];
  }
};

const BROW = { light: "line thin", medium: "line", heavy: "line heavy" } as const;

const brows: Draw = ({ brow_weight }) => {
  const look = `brow ${BROW[brow_weight ?? "medium"]}`;
  return [path("M23 27.5C25 26 27.5 26 29 27", look), path("M35 27C36.5 26 39 26 41 27.5", look)];
};

const AGE_LINES = {
  younger: [],
  middle: ["M26 40C25 41.5 25 43 25.5 44", "M38 40C39 41.5 39 43 38.5 44"],
  older: [
    "M26 38C24.5 41 24.5 43 25.5 45",
    "M38 38C39.5 41 39.5 43 38.5 45",
    "M25 22.5C29 21.5 35 21.5 39 22.5",
    "M26 20C30 19 34 19 38 20",
    "M19.8 31.5L22 32.3",
    "M44.2 31.5L42 32.3",
  ],
} as const;

const FRECKLES = [
  [24, 36],
  [26.5, 37.5],
  [23, 38.5],
  [40, 36],
  [37.5, 37.5],
  [41, 38.5],
  [28.5, 36],
  [35.5, 36],
  [32, 35],
] as const;

const features: Draw = ({ smile, freckles, age_look }) => [
  ...[26, 38].flatMap((x) => [ellipse(x, 31, 2.6, 1.7, "eye"), circle(x, 31, 1.4, "iris")]),
  path("M32 31C32 34 30.5 36 31 37C31.5 37.6 33 37.6 33.5 37", "line thin"),
  smile === "soft"
    ? path("M27 41.5C29 44.5 35 44.5 37 41.5Z", "lips")
    : path("M28 42C30.5 42.7 33.5 42.7 36 42", "lips line"),
  ...(age_look ? AGE_LINES[age_look] : []).map((d) => path(d, "line thin")),
  ...(freckles === "some" ? FRECKLES : []).map(([x, y]) => circle(x, y, 0.6, "freckle")),
];

const BEARDS = {
  none: [],
  stubble: [
    [
      "M19.5 34C20 42 25 49.5 32 49.5C39 49.5 44 42 44.5 34C43 39 40 40 37 39.5C34 38.5 30 38.5 27 39.5C24 40 21 39 19.5 34Z",
      "hair stubble",
    ],
  ],
  short: [
    [
      "M19.3 33C20 43 25 50.5 32 50.5C39 50.5 44 43 44.7 33C43 39 41 40.5 38 40C34 39 30 39 26 40C23 40.5 21 39 19.3 33Z",
      "hair",
    ],
  ],
  full: [
    [
      "M19 32C18.5 46 24 57 32 57C40 57 45.5 46 45 32C43 38 41 40 38 39.5C34 38.5 30 38.5 26 39.5C23 40 21 38 19 32Z",
      "hair",
    ],
  ],
} as const;

const beard: Draw = ({ beard: kind, moustache }) => [
  ...(kind ? BEARDS[kind] : []).map(([d, look]) => path(d, look)),
  ...(kind && kind !== "none" ? [path("M28.5 42.5C30.5 43.6 33.5 43.6 35.5 42.5", "lips line")] : []),
  ...(moustache === "yes"
    ? [
        path(
          "M25.5 41C27 38.2 31 38 32 39C33 38 37 38.2 38.5 41C36 40.6 34 40.4 32 40.6C30 40.4 28 40.6 25.5 41Z",
          "hair",
        ),
      ]
    : []),
];

const LENSES = {
  round: (x: number) => circle(x, 31.3, 4.8, "glass"),
  oval: (x: number) => ellipse(x, 31.3, 5.3, 3.7, "glass"),
  rectangular: (x: number) => svg("rect", { x: x - 5.2, y: 27.8, width: 10.4, height: 7, rx: 1.2, class: "glass" }),
} as const;

const glasses: Draw = ({ glasses: kind, glasses_colour: colour }) => {
  const shape = kind ?? (colour ? "rectangular" : "none");
  if (shape === "none") return [];
  const lens = LENSES[shape];
  const bows = path("M20.8 30.6L18.4 30M43.2 30.6L45.6 30M31 30.6C31.6 29.9 32.4 29.9 33 30.6", "glass");
  return [svg("g", { class: `frame ${colour ?? "black"}` }, lens(26), lens(38), bows)];
};

const HEADWEAR = {
  none: [],
  hijab: [
    [
      "M32 6C16 6 13 20 14 34C14 46 11 54 10 60L54 60C53 54 50 46 50 34C51 20 48 6 32 6ZM32 14C42 14 45 22 45 31C45 42 38 49.5 32 49.5C26 49.5 19 42 19 31C19 22 22 14 32 14Z",
      "cover",
    ],
    ["M18 48C24 56 40 56 46 48", "line light"],
  ],
  turban: [
    ["M16 25C12 6 28 3 34 4C48 4 51 16 48 25C40 18 24 18 16 25Z", "cover"],
    ["M17 21C26 11 38 8 46 10M22 19C28 12 38 11 48 16", "line light"],
  ],
} as const;

const headwear: Draw = ({ headwear: kind }) => (kind ? HEADWEAR[kind] : []).map(([d, look]) => path(d, look));
