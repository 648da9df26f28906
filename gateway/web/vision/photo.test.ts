import assert from "node:assert/strict";
import { test } from "node:test";

import { checkSize, decodePhoto, MAX_FILE_BYTES } from "./photo.ts";

test("a file over the limit is refused before anything of it is read", async () => {
  await assert.rejects(decodePhoto(new Blob([new Uint8Array(MAX_FILE_BYTES + 1)])), { code: "photo-too-large" });
});

test("a small file that would unfold into gigabytes is refused from its header", async () => {
  const png = Uint8Array.from(
    Buffer.from("89504e470d0a1a0a0000000d494844520000ffff0000ffff0802000000000000000000000049454e44ae426082", "hex"),
  );
  await assert.rejects(decodePhoto(new Blob([png])), { code: "photo-too-large" });
});

test("sides decide", () => {
  checkSize({ width: 200, height: 4000 });
  assert.throws(() => checkSize({ width: 199, height: 4000 }), { code: "photo-too-small" });
  assert.throws(() => checkSize({ width: 0, height: 4000 }), { code: "photo-corrupt" });
});
