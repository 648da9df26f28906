// The aligned chip that the embedder and the age net were trained on: a similarity to five template points. Pure.

import { type Affine, type Point, similarity } from "./affine.ts";
import { flat, landmark, type LANDMARKS, type Point3 } from "./mesh.ts";

export const EMBED_SIZE = 150;
export const AGE_SIZE = 112;
/** Room around the template on each side, as a fraction of it. */
const PADDING = 0.25;

/** Where dlib's five-point face template has these landmarks, in a unit square. */
const TEMPLATE: readonly (readonly [keyof typeof LANDMARKS, Point])[] = [
  ["outerEyeRightOfPicture", [0.8595674595992, 0.2134981538014]],
  ["innerEyeRightOfPicture", [0.6460604764104, 0.2289674387677]],
  ["outerEyeLeftOfPicture", [0.1205750620789, 0.2137274526848]],
  ["innerEyeLeftOfPicture", [0.3340850613712, 0.2290642403242]],
  ["underNose", [0.4901123135579, 0.6277975316475]],
];

/** Photo to a chip of `size` pixels a side. */
export function chipCrop(mesh: readonly Point3[], size: number): Affine {
  const place = (v: number): number => ((PADDING + v) / (2 * PADDING + 1)) * size;
  return similarity(
    TEMPLATE.map(([name]) => flat(landmark(mesh, name))),
    TEMPLATE.map(([, [x, y]]): Point => [place(x), place(y)]),
  );
}
