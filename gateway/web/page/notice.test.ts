import assert from "node:assert/strict";
import { test } from "node:test";

import { readNotice } from "./notice.ts";

test("headings, paragraphs and the two marks are read, all else is text", () => {
  const [heading, paragraph, ...others] = readNotice(
    "# Before\n\n**What.** A *likeness record*: <b>1 < 2</b>\nand more.\n",
  );
  assert.deepEqual(heading, { heading: true, runs: [{ mark: "plain", text: "Before" }] });
  assert.deepEqual(paragraph?.runs, [
    { mark: "strong", text: "What." },
    { mark: "plain", text: " A " },
    { mark: "emphasis", text: "likeness record" },
    { mark: "plain", text: ": <b>1 < 2</b> and more." },
  ]);
  assert.deepEqual(others, []);
});

test("no word of a notice is lost", () => {
  const text = "One **two** three*four\n\nfive ** six";
  const shown = readNotice(text)
    .flatMap(({ runs }) => runs.map((run) => run.text))
    .join(" ");
  for (const word of ["One", "two", "three", "four", "five", "six"]) assert.ok(shown.includes(word), word);
});
