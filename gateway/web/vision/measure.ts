// From one photo to the material of its likeness record, gate by gate: the order here is the promise of the page.

import { LikenessError } from "../protocol/errors.ts";
import { checkAdult } from "./age.ts";
import { chipCrop, EMBED_SIZE } from "./align.ts";
import { type Box, combineLooks, DETECT_SIZE, type Face, letterbox, looks, readFaces } from "./detect.ts";
import { MESH_POINTS, MESH_SIZE, meshCrop, meshInPhoto, type Point3 } from "./mesh.ts";
import type { Measured, VisionStep } from "./messages.ts";
import type { Models } from "./models.ts";
import { decodePhoto } from "./photo.ts";
import { checkChip, checkMesh, onlyFace } from "./quality.ts";
import { warp } from "./warp.ts";

/** The mesh net's own opinion that it looks at a face, a logit: faces measured 5 to 27, helmets and patches about 0. */
const MIN_PRESENCE_LOGIT = 2;
const SHOWN_CROP_SIZE = 320;
/** The crop for display shows more than the chip, so that people recognise their photo. */
const SHOWN_CROP_FIELD = 0.62;

/** What `photo` says about its one face. `step` hears where we are. @throws any of PHOTO_ERRORS. */
export async function measure(
  models: Models,
  photo: Blob | ImageBitmap,
  step: (now: VisionStep) => void,
): Promise<Measured> {
  step("decoding");
  const bitmap = await decodePhoto(photo);
  try {
    return await measureBitmap(models, bitmap, step);
  } finally {
    bitmap.close();
  }
}

async function measureBitmap(models: Models, photo: ImageBitmap, step: (now: VisionStep) => void): Promise<Measured> {
  step("finding");
  const face = onlyFace(await findFaces(models, photo));
  step("measuring");
  const found = await findMesh(models, photo, face);
  if (!found) throw new LikenessError("no-face");
  const { crop, points, mesh } = found;
  step("checking");
  const onMesh = checkMesh(mesh, photo);
  const chip = warp(photo, EMBED_SIZE, chipCrop(mesh, EMBED_SIZE));
  const onChip = checkChip(chip);
  await checkAdult(models, photo, mesh);
  step("encoding");
  const ruler = await models.run("ruler", { points: { data: points, dims: [MESH_POINTS, 3] }, rgba: crop });
  return {
    crop: warp(photo, SHOWN_CROP_SIZE, shownCrop(mesh)),
    checks: [{ name: "one-face" }, ...onMesh, ...onChip, { name: "adult" }],
    geometry: Int8Array.from(ruler["geometry"]?.data as Int8Array),
    colours: Int8Array.from(ruler["colours"]?.data as Int8Array),
    coloursGiven: Uint8Array.from(ruler["colours_given"]?.data as Uint8Array),
    embedding: models.has("embed") ? await embed(models, chip) : undefined,
  };
}

/** Faces that the detector found; when there are several, those that the mesh net takes for faces too. */
async function findFaces(models: Models, photo: ImageBitmap): Promise<Face[]> {
  const [whole, ...quarters] = looks(photo.width, photo.height) as [Box, ...Box[]];
  const inWhole = await lookAt(models, photo, whole);
  const inQuarters: Face[] = [];
  for (const quarter of quarters) inQuarters.push(...(await lookAt(models, photo, quarter)));
  const faces = combineLooks(inWhole, inQuarters);
  if (faces.length < 2) return faces;
  const confirmed: Face[] = [];
  for (const face of faces) if (await findMesh(models, photo, face)) confirmed.push(face);
  return confirmed;
}

async function lookAt(models: Models, photo: ImageBitmap, part: Box): Promise<Face[]> {
  const fit = letterbox(part);
  const { regressors, classificators } = await models.run("detect", { rgba: warp(photo, DETECT_SIZE, fit) });
  return readFaces(regressors?.data as Float32Array, classificators?.data as Float32Array, fit);
}

interface FoundMesh {
  /** What the mesh net and the ruler see. */
  readonly crop: ImageData;
  /** (468, 3) in pixels of that crop. */
  readonly points: Float32Array;
  readonly mesh: readonly Point3[];
}

/** The mesh of `face`, or undefined when the mesh net sees no face there. */
async function findMesh(models: Models, photo: ImageBitmap, face: Face): Promise<FoundMesh | undefined> {
  const toCrop = meshCrop(face);
  const crop = warp(photo, MESH_SIZE, toCrop);
  const { points, presence } = await models.run("mesh", { rgba: crop });
  const logit = (presence?.data as Float32Array)[0] ?? Number.NaN;
  if (!(logit > MIN_PRESENCE_LOGIT)) return undefined;
  const inCrop = Float32Array.from(points?.data as Float32Array);
  return { crop, points: inCrop, mesh: meshInPhoto(inCrop, toCrop) };
}

async function embed(models: Models, chip: ImageData): Promise<Float32Array> {
  const { embedding } = await models.run("embed", { rgba: chip });
  return Float32Array.from(embedding?.data as Float32Array);
}

/** The chip's own alignment, seen from further away and a little higher. */
function shownCrop(mesh: readonly Point3[]): ReturnType<typeof chipCrop> {
  const [a, b, c, d, e, f] = chipCrop(mesh, SHOWN_CROP_SIZE);
  const k = SHOWN_CROP_FIELD;
  const [x, y] = [((1 - k) * SHOWN_CROP_SIZE) / 2, ((1 - k) * SHOWN_CROP_SIZE) / 2];
  return [a * k, b * k, c * k, d * k, e * k + x, f * k + y];
}
