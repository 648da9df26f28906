import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { hex, number, text, type Case } from "../testing/case.ts";
import { refusal } from "../testing/refusal.ts";
import { checkInclusion } from "./log_proof.ts";

const CASES = (JSON.parse(readFileSync("../../schemas/vectors/log_proof.json", "utf8")) as { cases: Case[] }).cases;
const GIVEN = CASES.find(({ name }) => name === "entry 6");
assert.ok(GIVEN);
const [POLICY, PROOF, ENTRY] = [text(GIVEN, "policy"), text(GIVEN, "proof"), hex(GIVEN, "entry")];
const NOW = number(GIVEN, "now");

/** All of two witnesses: no line of the proof can be done without. */
const STRICT = POLICY.replace(/^witness east .*\n/m, "").replace(/^group .*$/m, "group two-of-three all north south");

async function outcome(proof: string): Promise<string> {
  return refusal(() => checkInclusion(STRICT, proof, ENTRY, NOW));
}

test("the proof says where the entry stands and who saw it", async () => {
  const expected = { index: 6, size: 11, at: NOW, witnesses: ["north", "south"] };
  assert.deepEqual(await checkInclusion(STRICT, PROOF, ENTRY, NOW), expected);
  assert.deepEqual(await checkInclusion(STRICT, PROOF, ENTRY, null), expected);
});

test("every letter of a proof matters", async () => {
  for (let at = 0; at < PROOF.length; at++) {
    const other = PROOF[at] === "A" ? "B" : "A";
    assert.notEqual(await outcome(`${PROOF.slice(0, at)}${other}${PROOF.slice(at + 1)}`), "accept", `letter ${at}`);
    assert.notEqual(await outcome(PROOF.slice(0, at) + PROOF.slice(at + 1)), "accept", `without letter ${at}`);
    assert.notEqual(await outcome(`${PROOF.slice(0, at)}\n${PROOF.slice(at)}`), "accept", `a newline before ${at}`);
  }
});

test("a proof has a largest size", async () => {
  assert.equal(await outcome(PROOF + "x".repeat(140_000)), "note-malformed");
});

test("half a character is no text", async () => {
  assert.equal(await outcome(PROOF.replace("log.example", "log.exa\ud800mple")), "note-malformed");
});

test("freshness ends after ten minutes, and begins a minute ahead", async () => {
  for (const [seconds, expected] of [
    [600, "accept"],
    [601, "checkpoint-stale"],
    [-60, "accept"],
    [-61, "checkpoint-stale"],
  ] as const) {
    assert.equal(await refusal(() => checkInclusion(STRICT, PROOF, ENTRY, NOW + seconds)), expected, String(seconds));
  }
});
