import assert from "node:assert/strict";
import { test } from "node:test";

import { sniff } from "./sniff.ts";

const ascii = (text: string): number[] => [...text].map((letter) => letter.charCodeAt(0));
const u16 = (n: number): number[] => [n >> 8, n & 255];
const u32 = (n: number): number[] => [...u16(n >>> 16), ...u16(n & 0xffff)];
const chunk = (name: string, data: number[]): number[] => [...u32(data.length), ...ascii(name), ...data, 0, 0, 0, 0];
const bytes = (...parts: number[][]): Uint8Array => Uint8Array.from(parts.flat());
const refusal = (code: string): { code: string } => ({ code });

const exif = [0xff, 0xe1, ...u16(10), ...ascii("Exif\0\0"), 0xff, 0xd9]; // the marker inside metadata must not count
const frame = [0xff, 0xc2, ...u16(8), 8, ...u16(480), ...u16(640), 3];
const scan = [0xff, 0xda, ...u16(4), 0, 0, 1, 2, 3];
const jpeg = [[0xff, 0xd8], exif, frame, scan, [0xff, 0xd9]];
const signature = [0x89, ...ascii("PNG\r\n\x1a\n")];
const ihdr = chunk("IHDR", [...u32(640), ...u32(480), 8, 2, 0, 0, 0]);
const png = [signature, ihdr, chunk("IDAT", [1, 2]), chunk("IEND", [])];
const vp8x = (flags: number): number[] => [...ascii("VP8X"), 10, 0, 0, 0, flags, 0, 0, 0, 127, 2, 0, 223, 1, 0];
const riff = (content: number[]): number[] => [
  ...ascii("RIFF"),
  content.length + 4,
  0,
  0,
  0,
  ...ascii("WEBP"),
  ...content,
];
const ftyp = (brand: string): Uint8Array => bytes(u32(16), ascii(`ftyp${brand}`), u32(0));

test("type and size are read from the headers of the three kinds of photo", () => {
  const size = { width: 640, height: 480 };
  assert.deepEqual(sniff(bytes(...jpeg)), { type: "image/jpeg", ...size });
  assert.deepEqual(sniff(bytes(...png)), { type: "image/png", ...size });
  assert.deepEqual(sniff(bytes(riff(vp8x(0)))), { type: "image/webp", ...size });
  const lossy = [...ascii("VP8 "), 10, 0, 0, 0, 0, 0, 0, 0x9d, 1, 0x2a, 128, 2, 224, 1];
  assert.deepEqual(sniff(bytes(riff(lossy))), { type: "image/webp", ...size });
  const lossless = [...ascii("VP8L"), 5, 0, 0, 0, 0x2f, 0x7f, 0xc2, 0x77, 0];
  assert.deepEqual(sniff(bytes(riff(lossless))), { type: "image/webp", ...size });
});

test("animations are refused", () => {
  assert.throws(() => sniff(bytes(ascii("GIF89a"), u32(0), u32(0))), refusal("photo-animated"));
  assert.throws(() => sniff(bytes(signature, ihdr, chunk("acTL", [0, 0, 0, 2]))), refusal("photo-animated"));
  assert.throws(() => sniff(bytes(riff(vp8x(2)))), refusal("photo-animated"));
});

test("HEIC and AVIF are named, other files are no photos", () => {
  for (const brand of ["heic", "mif1", "avif"]) assert.throws(() => sniff(ftyp(brand)), refusal("photo-heic"));
  assert.throws(() => sniff(ftyp("isom")), refusal("photo-type"));
  assert.throws(() => sniff(bytes(ascii("<svg xmlns='x'/>"))), refusal("photo-type"));
  assert.throws(() => sniff(bytes([])), refusal("photo-type"));
});

test("every cut of a photo is refused, never misread", () => {
  for (const whole of [bytes(...jpeg), bytes(...png)]) {
    for (let length = 12; length < whole.length - 4; length++) {
      assert.throws(() => sniff(whole.subarray(0, length)), refusal("photo-corrupt"), `cut at ${length}`);
    }
  }
});

test("contradictions are refused", () => {
  assert.throws(() => sniff(bytes([0xff, 0xd8], scan, [0xff, 0xd9], u32(0))), refusal("photo-corrupt")); // no frame header
  assert.throws(() => sniff(bytes([0xff, 0xd8, 0xff, 0xe0], u16(1), u32(0), u32(0))), refusal("photo-corrupt"));
  assert.throws(() => sniff(bytes(riff(ascii("WHAT    ")))), refusal("photo-corrupt"));
});
