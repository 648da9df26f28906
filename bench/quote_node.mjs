// The browser's share of bench_quote.py, in Node: bundled with gateway/web/protocol, it prints seconds per call and round.

import { readFileSync } from "node:fs";

import { checkQuote } from "../gateway/web/protocol/attestation.ts";
import { fromB64u } from "../gateway/web/protocol/scalars.ts";
import { openSigned } from "../gateway/web/protocol/signing.ts";

const given = JSON.parse(readFileSync(0, "utf8"));
const about = { binding: fromB64u(given.binding), software: given.software };
const identity = { crv: "Ed25519", kty: "OKP", x: given.identity };

const contenders = {
  check: () => checkQuote(given.quote, given.key, about),
  open: () => openSigned("Claim", given.claim, identity),
};

const samples = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
for (let round = -1; round < given.rounds; round++) {
  for (const [name, call] of Object.entries(contenders)) {
    const started = performance.now();
    for (let i = 0; i < 10; i++) await call();
    if (round >= 0) samples[name].push((performance.now() - started) / 10 / 1000); // the first round warms
  }
}
console.log(JSON.stringify(samples));
