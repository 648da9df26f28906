import assert from "node:assert/strict";
import { test } from "node:test";

import type { ConsentToken, ErasureReceipt, Progress } from "../protocol/wire.ts";
import { NOW, World } from "../testing/world.ts";
import { covers } from "./agreeing.ts";
import { mendingStep } from "./failure.ts";
import { progressShare, progressWords } from "./generate.ts";
import { mayFollow } from "./journey.ts";
import { storyOf } from "./receipt.ts";
import type { Agreement } from "./session.ts";

const progress: Progress = { kind: "likeness/progress/v1", phase: "drawing", image: 1, images: 2, step: 5, steps: 10 };

test("progress is the worker's own steps", () => {
  assert.equal(progressShare(progress), 0.75);
  assert.equal(progressShare({ ...progress, phase: "finishing" }), 1);
  assert.equal(progressShare({ ...progress, phase: "opened", image: 0 }), 0);
  assert.equal(progressShare({ ...progress, steps: 0, step: 0 }), 0.5);
  assert.match(progressWords(progress), /step 5 of 10 \(portrait 2 of 2\)/);
});

test("a receipt is told as it is", () => {
  const receipt = { opened_at: NOW, exited_at: NOW + 7, exit_kind: "killed", images: 0 } as ErasureReceipt;
  assert.match(storyOf(receipt), /drew 0 portraits, and existed for about 7 seconds.*ended from outside/);
  assert.match(storyOf({ ...receipt, opened_at: null, exit_kind: "unused" }), /never opened your record/);
});

test("a consent covers a job while it lasts and while something is left of it", async () => {
  const world = await World.make();
  const token = { exp: NOW + 900, max_images: 2, max_disclosures: 1 } as ConsentToken;
  const agreement = { signer: world.browser, token, disclosures: 0, images: 0 } as Agreement;
  assert.ok(covers(agreement, 2, NOW));
  assert.ok(!covers(agreement, 3, NOW));
  assert.ok(!covers(agreement, 1, NOW + 880));
  assert.ok(!covers({ ...agreement, disclosures: 1 }, 1, NOW));
  assert.ok(!covers(undefined, 1, NOW));
});

test("after a failure the journey goes on where it can be mended", () => {
  assert.equal(mendingStep("token-expired"), "consent");
  assert.equal(mendingStep("record-malformed"), "leaves");
  assert.equal(mendingStep("no-worker"), "style");
  for (const code of ["token-expired", "record-malformed", "no-worker"] as const) {
    assert.ok(mayFollow("failed", mendingStep(code)));
  }
});
