// What the page and the vision worker may say to each other. Types only: nothing here can hold a photo back or let one
// out, the worker's own Content-Security-Policy does that.

import type { ModelRole } from "../protocol/bundle_manifest.ts";
import type { ErrorCode } from "../protocol/wire.ts";

/** Model bytes by role. `embed` is missing when no bundle asks for an identity vector: then none can exist. */
export type ModelBytes = Record<Exclude<ModelRole, "embed">, ArrayBuffer> & { embed?: ArrayBuffer };

export type ToVision =
  | { ask: "prepare"; wasm: ArrayBuffer; models: ModelBytes }
  /** A file, which only the worker reads, or one frame of the camera, transferred: the page has no copy of either. */
  | { ask: "measure"; photo: Blob | ImageBitmap };

/** What the worker is doing, for the progress region. */
export type VisionStep = "decoding" | "finding" | "measuring" | "checking" | "encoding";

/** A gate that the photo has passed. Figures are rounded, for people to read. */
export interface PassedCheck {
  readonly name: "one-face" | "size" | "whole" | "pose" | "sharpness" | "light" | "adult";
  /** Pixels between the outer eye corners, degrees off the camera, sharpness and light out of 100; else none. */
  readonly figure?: number;
}

/** What is known about one face after all gates: the material of the likeness record. */
export interface Measured {
  /** Square picture of the face, for display only. */
  readonly crop: ImageData;
  readonly checks: readonly PassedCheck[];
  /** 24 robust z-scores times 32. */
  readonly geometry: Int8Array;
  /** Five times ((L*-50)*2, a*, b*): skin, lips, brow, hair, iris. */
  readonly colours: Int8Array;
  /** Five flags: 1 where the colour could be measured. */
  readonly coloursGiven: Uint8Array;
  /** 128 numbers as the net gives them, not normalised; undefined when the worker has no embedder. */
  readonly embedding: Float32Array | undefined;
}

export type FromVision =
  | { say: "ready" }
  | { say: "step"; step: VisionStep }
  | { say: "measured"; measured: Measured }
  | { say: "refused"; code: ErrorCode };
