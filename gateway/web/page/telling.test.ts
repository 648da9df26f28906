import assert from "node:assert/strict";
import { test } from "node:test";

import { PROMISES, type ConsentToken, type ErasureReceipt, type Facts, type Progress } from "../protocol/wire.ts";
import { LogWorld, ORIGIN } from "../testing/log_side.ts";
import { refusal } from "../testing/refusal.ts";
import { NOW, World } from "../testing/world.ts";
import { covers } from "./agreeing.ts";
import { mendingStep } from "./failure.ts";
import { progressShare, progressWords } from "./generate.ts";
import { mayFollow } from "./journey.ts";
import { readPinned } from "./pinned.ts";
import { checkPools, drawWords, offered } from "./pools.ts";
import { checksWords, storyOf } from "./receipt.ts";
import { pickWords } from "./recipients.ts";
import type { Agreement } from "./session.ts";
import { standingWords } from "./standing.ts";
import { recordWords } from "./withdrawing.ts";

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

test("a check that failed is never left out of the sum", () => {
  const checks = (...outcomes: ("passed" | "failed" | "not-measured")[]) => outcomes.map((outcome) => ({ outcome }));
  assert.match(checksWords(checks("passed", "passed")), /2 checks .*: 2 passed and none failed\.$/);
  assert.match(checksWords(checks("passed", "failed")), /1 passed and 1 failed\.$/);
  assert.match(checksWords(checks("failed", "not-measured")), /0 passed, 1 failed and 1 not measured/);
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

test("without a policy the page does not go on", async () => {
  const { policyText } = await LogWorld.make();
  assert.deepEqual(await readPinned(policyText), { policy: policyText, log: ORIGIN, witnesses: 2 });
  assert.equal(await refusal(() => readPinned("")), "policy-invalid");
  assert.equal(await refusal(() => readPinned(policyText.replace("quorum ", "quorum no-"))), "policy-invalid");
});

test("a gateway that promises something else of a pool than the page does is refused", async () => {
  const pool = (name: keyof typeof PROMISES, lots: number, promise: string = PROMISES[name]): Pick<Facts, "pools"> => ({
    pools: [{ name, lots, promise, workers: 1 }],
  });
  checkPools(pool("volunteer", 3));
  checkPools(pool("company", 1));
  const refused = [pool("volunteer", 1), pool("company", 1, "Trust us."), pool("attested", 1, PROMISES.company)];
  for (const facts of refused) {
    assert.equal(await refusal(async () => checkPools(facts)), "notice-outdated");
  }
});

test("a company's link leaves its own pool alone", async () => {
  const facts = { pools: [{ name: "volunteer" }, { name: "company" }] } as unknown as Facts;
  const { company: signer } = await World.make();
  const company = { key: signer.jwk, thumbprint: signer.kid };
  assert.deepEqual(offered({ facts, company: undefined }), ["volunteer", "company"]);
  assert.deepEqual(offered({ facts, company }), ["company"]);
  const volunteers = { pools: [{ name: "volunteer" }] } as unknown as Facts;
  assert.equal(await refusal(async () => offered({ facts: volunteers, company })), "not-endorsed");
});

test("what stands in the log is told without claiming more than the witnesses do", () => {
  const listed = { index: 7, size: 9, at: NOW, witnesses: ["w0", "w1"] };
  assert.match(standingWords(listed), /2 witnesses have signed that nothing was removed/);
  assert.match(standingWords({ ...listed, witnesses: ["w0"] }), /One witness has signed/);
  assert.match(standingWords({ ...listed, at: null, witnesses: [] }), /No witness watches that log/);
});

test("a draw among several is told as one", () => {
  assert.equal(drawWords(1), "");
  assert.match(drawWords(3), /^Three different machines/);
  assert.equal(pickWords(1, true), "");
  assert.match(pickWords(2, false), /will pick one of them at random/);
  assert.match(pickWords(3, true), /picked one of these 3 at random/);
});

test("a withdrawal is told as far as the page can know", () => {
  const receipt = (exit_kind: ErasureReceipt["exit_kind"]) => ({ receipt: { exit_kind } as ErasureReceipt });
  const bare = { receipt: undefined };
  assert.match(recordWords({ disclosures: 0 }, 0, bare), /had not been sent to anybody/);
  assert.match(recordWords({ disclosures: 0 }, 1, bare), /handed it to no worker/);
  assert.match(recordWords({ disclosures: 1 }, 1, bare), /nobody can see whether it has erased/);
  assert.match(recordWords({ disclosures: 1 }, 1, receipt("revoked")), /was stopped/);
  assert.match(recordWords({ disclosures: 1 }, 1, receipt("normal")), /had already finished/);
  assert.match(recordWords({ disclosures: 1 }, 1, undefined), /That job was over already/);
});
