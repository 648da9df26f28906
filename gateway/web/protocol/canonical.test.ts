import assert from "node:assert/strict";
import { test } from "node:test";

import { refusal } from "../testing/refusal.ts";
import { NOW, World } from "../testing/world.ts";
import { decode, encode } from "./canonical.ts";
import { utf8, type Bytes } from "./scalars.ts";

const PROBLEM = { kind: "likeness/problem/v1", code: "no-worker", detail: "" } as const;

test("what is written can be read, whatever the text", () => {
  for (const detail of [
    "",
    "é",
    "😀",
    '\u0000\b\f\n\r\t\u001f\u007f\u2028"\\/',
    "￿",
    "a".repeat(400),
    "😀".repeat(400),
  ]) {
    const raw = encode("Problem", { ...PROBLEM, detail });
    assert.deepEqual(decode("Problem", raw), { ...PROBLEM, detail });
  }
});

test("the canonical bytes do not depend on the order of fields", () => {
  const { kind, code, detail } = PROBLEM;
  assert.deepEqual(encode("Problem", { detail, kind, code }), encode("Problem", PROBLEM));
});

test("keys of maps are in the order of their UTF-8", () => {
  const model = {
    role: "mesh",
    file: "mesh.onnx",
    sha256: "0".repeat(64),
    bytes: 1,
    package: "p",
    package_version: "1",
    source_file: "s",
    source_sha256: null,
    licence: "l",
    training_data: "",
    outputs: {},
  } as const;
  const inputs = { "\u{1F600}": "b", "￿": "a", aa: "2", a: "1" };
  const raw = encode("EdgeManifest", { kind: "likeness/edge/v1", models: [{ ...model, inputs }] });
  const text = new TextDecoder().decode(raw);
  assert.match(text, /"inputs":\{"a":"1","aa":"2","￿":"a","\u{1F600}":"b"\}/u);
  assert.deepEqual(decode("EdgeManifest", raw).models[0]?.inputs, inputs);
});

test("a length counts code points", async () => {
  assert.equal(
    await refusal(() => decode("Problem", encode("Problem", { ...PROBLEM, detail: "😀".repeat(401) }))),
    "bad-field",
  );
});

test("each edit of a problem has its refusal", async () => {
  const good = new TextDecoder().decode(encode("Problem", PROBLEM));
  const withDetail = (json: string): string => good.replace('"detail":""', `"detail":${json}`);
  const edits: [string, string | Bytes][] = [
    ["not-json", Uint8Array.of(0x22, 0xff, 0x22)],
    ["not-json", `\ufeff${good}`],
    ["not-json", `${good}x`],
    ["not-json", withDetail('"\\ud800"')],
    ["not-canonical", withDetail('"\\u0061"')],
    ["not-canonical", ` ${good}`],
    ["bad-field", withDetail("null")],
    ["bad-field", withDetail("[]")],
    ["bad-field", good.replace('"detail"', '"__proto__"')],
    ["bad-field", "null"],
    ["bad-field", '"text"'],
    ["too-large", " ".repeat(65537)],
  ];
  for (const [code, raw] of edits) {
    assert.equal(
      await refusal(() => decode("Problem", typeof raw === "string" ? utf8(raw) : raw)),
      code,
      String(raw).slice(0, 80),
    );
  }
});

test("an integer has one spelling", async () => {
  const raw = new TextDecoder().decode(await (await World.make()).offer());
  for (const [spelling, code] of [
    ["-0", "bad-field"],
    ["1e0", "bad-field"],
    ["1E0", "bad-field"],
    ["1.5", "bad-field"],
    ["01", "not-json"],
    ["+1", "not-json"],
  ] as const) {
    assert.equal(
      await refusal(() => decode("Offer", utf8(raw.replace('"lot":1', `"lot":${spelling}`)))),
      code,
      spelling,
    );
  }
  const zero = raw.replace(`"issued_at":${NOW}`, '"issued_at":-0');
  assert.equal(await refusal(() => decode("Offer", utf8(zero))), "not-canonical");
});

test("every single byte of an offer matters", async () => {
  const raw = await (await World.make()).offer();
  const good = decode("Offer", raw);
  for (let at = 0; at < raw.length; at++) {
    const flipped = raw.slice();
    flipped[at] = (flipped[at] ?? 0) ^ 1;
    // A flip inside a value may give another valid offer, but never the same one.
    await refusal(() => assert.notDeepEqual(decode("Offer", flipped), good));
  }
});
