// Builds the page into .build/web, checks types, and runs the tests. README.md says what comes out.
//
//   node build.mjs             the page, and compressed twins of it and of the browser models
//   node build.mjs --types     tsc, once per folder
//   node build.mjs --test      all *.test.ts under node --test
//   node build.mjs --vectors   what this side signs and seals, for pytest: schemas/vectors/from_typescript.json

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

import { build } from "esbuild";

import { trustPage } from "./trust_page.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const ROOT = join(HERE, "../..");
const TARGET = join(ROOT, ".build/web");
const EDGE = join(ROOT, ".build/edge");
const CACHE = join(ROOT, ".cache/compressed");
const WASM = join(HERE, "node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm");
const FOLDERS = ["protocol", "vision", "page"];

/** Below this size a precompressed twin saves nothing worth a file. */
const MIN_COMPRESSED_BYTES = 512;
/** From here on brotli 10 instead of 11: for the wasm 15 s instead of 26 s, and 4 % more bytes. */
const LARGE_BYTES = 4 * 1024 * 1024;
const COMPRESSIBLE = new Set([".css", ".html", ".js", ".json", ".onnx", ".svg", ".txt", ".wasm", ".webmanifest"]);

const sha256 = (raw) => createHash("sha256").update(raw).digest("hex");
const hashed = (stem, extension, raw) => `${stem}-${sha256(raw).slice(0, 12)}${extension}`;

const ESBUILD = {
  absWorkingDir: HERE,
  bundle: true,
  charset: "utf8",
  format: "esm",
  legalComments: "none",
  logLevel: "warning",
  target: "es2022",
  write: false,
};

/** @hpke/common asks Node for its `crypto` where there is no global one. A browser has one, so nothing is bundled instead. */
const NO_NODE_CRYPTO = {
  name: "no-node-crypto",
  setup(esbuild) {
    esbuild.onResolve({ filter: /^crypto$/ }, () => ({ path: "crypto", namespace: "absent" }));
    esbuild.onLoad({ filter: /./, namespace: "absent" }, () => ({ contents: "export {};" }));
  },
};

async function bundle(entry, define) {
  const options = { ...ESBUILD, define, metafile: true, minify: true, plugins: [NO_NODE_CRYPTO] };
  const made = await build({ ...options, entryPoints: [entry] });
  const [output] = Object.values(made.metafile.outputs);
  if (output.imports.length > 0)
    throw new Error(`${entry} must be one file, but still imports ${output.imports[0].path}`);
  return Buffer.from(made.outputFiles[0].contents);
}

async function buildPage() {
  const files = new Map();
  const wasm = readFileSync(WASM);
  const wasmName = hashed("ort", ".wasm", wasm);
  const define = {
    __ORT_WASM_BYTES__: String(wasm.byteLength),
    __ORT_WASM_SHA256__: JSON.stringify(sha256(wasm)),
    __ORT_WASM_URL__: JSON.stringify(`/${wasmName}`),
    __VISION_URL__: JSON.stringify("/vision.js"),
  };
  files.set(wasmName, wasm);
  files.set("vision.js", await bundle("vision/vision.ts", define));
  const page = await bundle("page/main.ts", define);
  const pageName = hashed("page", ".js", page);
  files.set(pageName, page);
  const style = await bundle("style/page.css", {});
  const styleName = hashed("page", ".css", style);
  files.set(styleName, style);
  addStatic(files, {
    "index.html": { "/page.js": `/${pageName}`, "/page.css": `/${styleName}` },
    "trust.html": { "/page.css": `/${styleName}` },
  });
  files.set("trust.html", await trust(files.get("trust.html")));
  return files;
}

async function trust(template) {
  const threatModel = readFileSync(join(ROOT, "schemas/spec/threat-model.md"), "utf8");
  const { PROMISES } = await import(`data:text/javascript,${encodeURIComponent(await bundle("protocol/wire.ts", {}))}`);
  return Buffer.from(trustPage(template.toString("utf8"), threatModel, PROMISES));
}

/** Adds static/, where pages name the script and the style as they are called before they get a digest. */
function addStatic(files, names) {
  const folder = join(HERE, "static");
  for (const name of readdirSync(folder).sort()) {
    const raw = readFileSync(join(folder, name));
    files.set(name, name in names ? renamed(name, raw, names[name]) : raw);
  }
}

function renamed(name, raw, names) {
  let text = raw.toString("utf8");
  for (const [from, to] of Object.entries(names)) {
    if (!text.includes(`"${from}"`)) throw new Error(`${name} does not name ${from}`);
    text = text.replaceAll(`"${from}"`, `"${to}"`);
  }
  return Buffer.from(text);
}

/** Compresses `raw`, or finds what an earlier build made of the same bytes. */
async function compressed(raw, kind) {
  const quality = raw.byteLength >= LARGE_BYTES ? 10 : constants.BROTLI_MAX_QUALITY;
  const path = join(CACHE, `${sha256(raw)}.q${quality}.${kind}`);
  if (existsSync(path)) return readFileSync(path);
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: quality,
    [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
    [constants.BROTLI_PARAM_SIZE_HINT]: raw.byteLength,
  };
  const made =
    kind === "br" ? await promisify(brotliCompress)(raw, { params }) : await promisify(gzip)(raw, { level: 9 });
  mkdirSync(CACHE, { recursive: true });
  const staging = `${path}.${process.pid}`;
  writeFileSync(staging, made);
  renameSync(staging, path);
  return made;
}

/** Writes the twins of one file; a twin that is not smaller is left out. Returns the sizes of those written. */
async function writeTwins(folder, name, raw) {
  const sizes = {};
  if (!COMPRESSIBLE.has(extname(name)) || raw.byteLength < MIN_COMPRESSED_BYTES) return sizes;
  for (const kind of ["br", "gz"]) {
    const made = await compressed(raw, kind);
    if (made.byteLength >= raw.byteLength) continue;
    writeFileSync(join(folder, `${name}.${kind}`), made);
    sizes[kind] = made.byteLength;
  }
  return sizes;
}

/** One row of the table, once the twins are written. */
async function compress(folder, name, raw) {
  return [name, raw.byteLength, await writeTwins(folder, name, raw)];
}

async function write(files) {
  // Two builds may run at once; the one that ends last stays.
  const staging = `${TARGET}.${process.pid}`;
  mkdirSync(staging, { recursive: true });
  const rows = [];
  const digests = {};
  for (const [name, raw] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    writeFileSync(join(staging, name), raw);
    rows.push(compress(staging, name, raw));
    digests[name] = sha256(raw);
  }
  writeFileSync(join(staging, "build.json"), JSON.stringify({ files: digests }));
  const table = await Promise.all(rows);
  rmSync(TARGET, { force: true, recursive: true });
  renameSync(staging, TARGET);
  return table;
}

async function compressModels() {
  if (!existsSync(EDGE)) return [];
  const names = readdirSync(EDGE).filter((name) => [".onnx", ".json"].includes(extname(name)));
  return Promise.all(names.sort().map((name) => compress(EDGE, name, readFileSync(join(EDGE, name)))));
}

async function buildAll() {
  const tables = await Promise.all([buildPage().then(write), compressModels()]);
  printTable(tables.flat());
}

function printTable(rows) {
  const cells = [["file", "bytes", "gzip", "brotli"]];
  for (const [name, bytes, twins] of rows)
    cells.push([name, String(bytes), String(twins.gz ?? "-"), String(twins.br ?? "-")]);
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  for (const row of cells) {
    console.log(row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  "));
  }
}

// --- checks ---------------------------------------------------------------------------------------------------------

function run(...command) {
  const done = spawnSync(process.execPath, command, { cwd: HERE, stdio: "inherit" });
  if (done.status !== 0) process.exit(done.status ?? 1);
}

function checkTypes() {
  for (const project of [...FOLDERS, "tsconfig.test.json"]) {
    run("node_modules/typescript/bin/tsc", "--project", project);
  }
}

/** Bundles scripts for Node: it cannot read TypeScript itself at the version that Debian ships. */
async function forNode(entries) {
  const folder = join(ROOT, `.build/webtest.${process.pid}`);
  process.on("exit", () => rmSync(folder, { force: true, recursive: true }));
  const options = {
    ...ESBUILD,
    outbase: HERE,
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    platform: "node",
    write: true,
  };
  await build({ ...options, entryPoints: entries, sourcemap: "inline" });
  return entries.map((entry) => join(folder, relative(HERE, entry).replace(/\.ts$/, ".mjs")));
}

async function test() {
  const entries = FOLDERS.flatMap((folder) =>
    readdirSync(join(HERE, folder))
      .filter((name) => name.endsWith(".test.ts"))
      .map((name) => join(HERE, folder, name)),
  );
  if (entries.length === 0) throw new Error("no test was found");
  run("--enable-source-maps", "--test", "--test-reporter=spec", ...(await forNode(entries)));
}

async function writeVectors() {
  const [maker] = await forNode([join(HERE, "testing/vectors_make.ts")]);
  const { vectorsFromTypeScript } = await import(maker);
  writeFileSync(join(ROOT, "schemas/vectors/from_typescript.json"), await vectorsFromTypeScript());
}

const [action = "--build"] = process.argv.slice(2);
switch (action) {
  case "--build":
    await buildAll();
    break;
  case "--types":
    checkTypes();
    break;
  case "--test":
    await test();
    break;
  case "--vectors":
    await writeVectors();
    break;
  default:
    throw new Error(`unknown action ${action}`);
}
