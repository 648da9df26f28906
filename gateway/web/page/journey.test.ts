import assert from "node:assert/strict";
import { test } from "node:test";

import { mayFollow, SHOWN, shownIndex, type Step } from "./journey.ts";

const STEPS: readonly Step[] = [
  "photo",
  "checks",
  "leaves",
  "consent",
  "declined",
  "style",
  "generate",
  "result",
  "failed",
];

test("nothing is generated without consent, and no consent is asked before the record was shown", () => {
  const before = (step: Step): Step[] => STEPS.filter((from) => from !== "failed" && mayFollow(from, step));
  assert.deepEqual(before("generate"), ["style"]);
  assert.deepEqual(before("style"), ["consent", "generate", "result"]);
  assert.deepEqual(before("leaves"), ["checks", "consent", "style"]);
  assert.deepEqual(before("checks"), ["photo", "leaves"]);
});

test("every step can be reached and left, and can fail", () => {
  for (const step of STEPS) {
    assert.ok(
      STEPS.some((from) => from !== step && mayFollow(from, step)),
      step,
    );
    assert.ok(
      STEPS.some((to) => to !== "failed" && mayFollow(step, to)),
      step,
    );
    assert.ok(mayFollow(step, "failed"));
  }
});

test("the bar knows where each step belongs", () => {
  assert.equal(shownIndex("result"), SHOWN.length - 1);
  assert.equal(shownIndex("failed"), undefined);
});
