// Every vector of schemas/vectors through this side; pytest runs the same files.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import type { Case } from "../testing/case.ts";
import { refusal } from "../testing/refusal.ts";
import { RUNNERS } from "../testing/vectors.ts";

const FOLDER = join(process.cwd(), "../../schemas/vectors");
const NAMES = readdirSync(FOLDER).map((file) => file.replace(/\.json$/, ""));

function casesOf(name: string): Case[] {
  return (JSON.parse(readFileSync(join(FOLDER, `${name}.json`), "utf8")) as { cases: Case[] }).cases;
}

test("every vector file has a runner", () => {
  const liked = NAMES.flatMap((name) => casesOf(name).map((given) => String(given["like"] ?? name)));
  assert.deepEqual(new Set(liked), new Set(Object.keys(RUNNERS)));
});

for (const name of NAMES) {
  const cases = casesOf(name);
  test(`${name} has cases`, () => assert.ok(cases.length > 0));
  for (const given of cases) {
    // A file that a program of ours in another language made, or others published, says for each case its runner.
    const runner = RUNNERS[String(given["like"] ?? name)];
    test(`${name}: ${given.name}`, async () => {
      assert.ok(runner);
      assert.equal(await refusal(() => runner(given)), given.expect);
    });
  }
}
