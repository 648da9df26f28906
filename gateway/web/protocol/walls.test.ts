// Walls of gateway/web that the compiler alone does not hold (README.md); those of the network: tests/rules/test_web.py.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

type Source = { readonly file: string; readonly text: string };

function sourcesIn(folder: string): Source[] {
  const names = readdirSync(folder).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
  assert.ok(names.length > 0, folder);
  return names.map((name) => ({ file: `${folder}/${name}`, text: readFileSync(`${folder}/${name}`, "utf8") }));
}

const PROTOCOL = sourcesIn("protocol");
const VISION = sourcesIn("vision");
const PAGE = sourcesIn("page");

function filesWith(pattern: RegExp, sources: readonly Source[]): string[] {
  return sources.filter(({ text }) => pattern.test(withoutComments(text))).map(({ file }) => file);
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "");
}

function importsOf({ text }: Source): string[] {
  return [...text.matchAll(/^(?:import|export)\b[^;]*?from "([^"]+)";/gms)].map((found) => found[1] ?? "");
}

test("no text becomes code", () => {
  assert.deepEqual(filesWith(/\beval\b|\bnew Function\b/, [...PROTOCOL, ...VISION, ...PAGE]), []);
});

test("only the maker of a branded type may claim it", () => {
  const makers = {
    "as Sealed": "protocol/sealing.ts",
    "as SignedStatement": "protocol/signing.ts",
    "as RecordBytes": "protocol/embedding.ts",
    "as JobBytes": "protocol/job.ts",
    "as DisclosureBytes": "protocol/job.ts",
  };
  for (const [claim, maker] of Object.entries(makers)) {
    assert.deepEqual(filesWith(new RegExp(`\\b${claim}\\b`), [...PROTOCOL, ...VISION, ...PAGE]), [maker], claim);
  }
});

test("no checker is silenced", () => {
  const silencers = /@ts-(ignore|expect-error|nocheck)|\bas any\b|: any\b|\bas unknown as\b|\bas never\b/;
  const raw = [...PROTOCOL, ...VISION, ...PAGE].filter(({ text }) => silencers.test(text)).map(({ file }) => file);
  assert.deepEqual(raw, []);
});

test("protocol knows neither clock, page nor vision, and one file of it randomness", () => {
  assert.deepEqual(filesWith(/\bDate\b|\bperformance\b|\bsetTimeout\b/, PROTOCOL), []);
  assert.deepEqual(
    filesWith(/\bgetRandomValues\b|\bMath\.random\b/, PROTOCOL),
    ["protocol/fresh.ts", "protocol/ambient.d.ts"].sort(),
  );
  for (const source of PROTOCOL) {
    for (const from of importsOf(source)) assert.match(from, /^(\.\/[a-z_]+\.ts|@hpke\/[a-z-]+)$/, source.file);
  }
});

test("vision knows of protocol only what a photo's numbers are made into", () => {
  for (const source of VISION) {
    for (const from of importsOf(source))
      assert.match(from, /^(\.\/[a-z_]+\.ts|\.\.\/protocol\/[a-z_]+\.ts|onnxruntime-web\/wasm)$/, source.file);
  }
});

test("the imports of protocol form the ladder of README.md", () => {
  const readme = readFileSync("README.md", "utf8");
  const ladder = /```ladder-ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
  const rung = new Map(
    ladder
      .trim()
      .split("\n")
      .flatMap((line, i) => line.split(/\s+/).map((name) => [name, i] as const)),
  );
  assert.deepEqual(
    [...rung.keys()].sort(),
    PROTOCOL.map(({ file }) => file.slice("protocol/".length))
      .filter((name) => name !== "ambient.d.ts")
      .sort(),
  );
  for (const source of PROTOCOL) {
    const own = rung.get(source.file.slice("protocol/".length));
    for (const from of importsOf(source).filter((name) => name.startsWith("./"))) {
      assert.ok(own !== undefined && (rung.get(from.slice(2)) ?? 99) < own, `${source.file} imports ${from}`);
    }
  }
});
