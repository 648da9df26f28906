// Drives Chromium through the rounds of bench_edge.py. Takes one JSON argument, prints one JSON line.

import { createRequire } from "node:module";
import { join } from "node:path";

import { serve } from "./serve.mjs";

const asked = JSON.parse(process.argv[2]);
const { chromium } = createRequire(join(asked.packages, "package.json"))("playwright-core");
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"];
const CONTENDERS = ["ours", "face_api", "human"];

const site = await serve(asked);
const browser = await chromium.launch({ executablePath: asked.chromium, args: FLAGS });
const open = new Map();

/** Opens the contender's page as somebody who was never there, and waits for its first embedding. */
async function visit(who) {
  await open.get(who)?.close();
  const context = await browser.newContext();
  open.set(who, context);
  const page = await context.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  site.fetched.clear();
  await page.goto(`${site.origin}/bench/page.html?who=${who}&wasm=${asked.wasm}`);
  try {
    await page.waitForFunction(() => "first" in window, undefined, { timeout: 60_000 });
    return await page.evaluate(() => window.first);
  } catch (error) {
    throw new Error(`${who}: ${error}\n${errors.join("\n")}`);
  }
}

async function again(who) {
  const [page] = open.get(who).pages();
  await page.bringToFront(); // what stands in the background is slowed down
  return page.evaluate(() => window.again());
}

function rotated(round) {
  const at = (round + CONTENDERS.length) % CONTENDERS.length;
  return [...CONTENDERS.slice(at), ...CONTENDERS.slice(0, at)];
}

const told = Object.fromEntries(CONTENDERS.map((who) => [who, { ready: [], first: [], warm: [] }]));
try {
  for (let round = -1; round < asked.visits; round++) {
    for (const who of rotated(round)) {
      const { ready, first, ...facts } = await visit(who);
      Object.assign(told[who], facts, { fetched: Object.fromEntries(site.fetched) });
      if (round < 0) continue; // the files were compressed meanwhile
      told[who].ready.push(ready / 1000);
      told[who].first.push(first / 1000);
    }
  }
  for (let round = -2; round < asked.rounds; round++) {
    for (const who of rotated(round)) {
      const ms = await again(who);
      if (round >= 0) told[who].warm.push(ms / 1000);
    }
  }
} finally {
  await browser.close();
  site.close();
}
console.log(JSON.stringify({ ...told, version: browser.version() }));
