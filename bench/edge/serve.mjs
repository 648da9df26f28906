// A server on loopback: folders under prefixes, compressed once with brotli, with the headers of the gateway.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".json": "application/json", ".wasm": "application/wasm", ".png": "image/png" };
const PHOTO = "/photo.png";
/** As gateway/web/build.mjs: brotli 10 from here on, 11 below. */
const LARGE_BYTES = 4 * 1024 * 1024;

/**
 * Serves `folders` (prefix -> folder) and the photo. `fetched` maps each path asked for since it was last cleared to
 * the bytes sent; the photo and what stands under /bench/ is not counted.
 */
export async function serve({ folders, photo, cache }) {
  const ready = new Map();
  const fetched = new Map();
  const server = createServer((request, response) => {
    const path = new URL(request.url, "http://localhost").pathname;
    const found = ready.get(path) ?? read(path, { folders, photo, cache });
    if (!found) return void response.writeHead(404).end();
    ready.set(path, found);
    if (path !== PHOTO && !path.startsWith("/bench/")) fetched.set(path, found.body.byteLength);
    response.writeHead(200, found.headers).end(found.body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { origin: `http://127.0.0.1:${server.address().port}`, fetched, close: () => server.close() };
}

function read(path, { folders, photo, cache }) {
  const file = path === PHOTO ? photo : fileOf(path, folders);
  if (!file || !existsSync(file)) return undefined;
  const raw = readFileSync(file);
  const headers = {
    "content-type": TYPES[extname(file)] ?? "application/octet-stream",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
  };
  if (file.endsWith("vision.js")) headers["content-security-policy"] = "default-src 'none'; script-src 'wasm-unsafe-eval'";
  const smaller = path === PHOTO ? raw : compressed(raw, cache);
  if (smaller.byteLength >= raw.byteLength) return { body: raw, headers };
  return { body: smaller, headers: { ...headers, "content-encoding": "br" } };
}

function fileOf(path, folders) {
  const clean = normalize(path);
  const prefix = Object.keys(folders).find((start) => clean.startsWith(`/${start}/`));
  return prefix && join(folders[prefix], clean.slice(prefix.length + 2));
}

function compressed(raw, cache) {
  const quality = raw.byteLength >= LARGE_BYTES ? 10 : constants.BROTLI_MAX_QUALITY;
  const path = join(cache, `${createHash("sha256").update(raw).digest("hex")}.q${quality}.br`);
  if (existsSync(path)) return readFileSync(path);
  const made = brotliCompressSync(raw, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: quality,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: raw.byteLength,
    },
  });
  mkdirSync(cache, { recursive: true });
  writeFileSync(`${path}.new`, made);
  renameSync(`${path}.new`, path);
  return made;
}
