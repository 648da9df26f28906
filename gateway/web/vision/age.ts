// The adult gate. The estimate is used here, once, and goes nowhere: not into a message, not into the record.

import { LikenessError } from "../protocol/errors.ts";
import { AGE_SIZE, chipCrop } from "./align.ts";
import type { Point3 } from "./mesh.ts";
import type { Models } from "./models.ts";
import { warp } from "./warp.ts";

/** The net errs by about five years near eighteen, so that only a clear margin counts. */
const CLEARLY_ADULT_YEARS = 25;

/** Returns when the estimate is clearly adult. @throws age-refused. */
export async function checkAdult(models: Models, photo: ImageBitmap, mesh: readonly Point3[]): Promise<void> {
  const { age } = await models.run("age", { rgba: warp(photo, AGE_SIZE, chipCrop(mesh, AGE_SIZE)) });
  const [years] = age?.data as Float32Array;
  // Written so that a number that is not one is refused too.
  if (!(years !== undefined && years >= CLEARLY_ADULT_YEARS)) throw new LikenessError("age-refused");
}
