import assert from "node:assert/strict";
import { test } from "node:test";

import { EDGE, penWidth, rasterised } from "../../src/lenet/explorer/page/images/drawing/pen.js";
import { parseDrawing, drawingText, parsePixels, pixelsText } from "../../src/lenet/explorer/page/images/drawing/text.js";
import { onPaper } from "../../src/lenet/explorer/page/images/drawing/paper.js";
import { check } from "../../src/lenet/explorer/page/images/files/decode.js";
import { readHeader } from "../../src/lenet/explorer/page/images/files/header.js";
import { fitting } from "../../src/lenet/explorer/page/panels/gallery/gallery.js";
import { PROBLEMS } from "../../src/lenet/explorer/page/panels/input/words.js";

const RING = Array.from({ length: 64 }, (_, i) => [Math.round(127 + 60 * Math.cos(i / 10)), Math.round(127 + 81 * Math.sin(i / 10))]);

test("a stroke is as wide as the pen, round at its ends, and smooth at its edges", () => {
  const { data } = rasterised({ isLight: false, strokes: [[[100, 63], [200, 63]]] }, 6); // its middle is at row 32
  const column = (at) => Array.from({ length: 10 }, (_, i) => data[(27 + i) * EDGE + at]);
  assert.deepEqual(column(75), [0, 0, 255, 255, 255, 255, 255, 255, 0, 0]);
  assert.equal(column(46).filter(Boolean).length, 0, "nothing beyond the round end");
  assert.ok(data.some((value) => value > 0 && value < 255), "edges have levels");
  const point = rasterised({ isLight: true, strokes: [[[127, 127]]] }, 4).data;
  assert.deepEqual([point[64 * EDGE + 64], point[0]], [0, 255], "a point is a dot; dark on light is the inverse");
});

test("strokes reach the edges and go no further", () => {
  const { data } = rasterised({ isLight: false, strokes: [[[0, 0], [254, 254]], [[254, 0]]] }, 9);
  assert.deepEqual([data[0], data[EDGE * EDGE - 1], data[EDGE - 1]], [255, 255, 255]);
});

test("the pen is as wide as the training strokes", () => {
  for (const width of [7, 9, 12]) {
    const pixels = { values: rasterised({ isLight: false, strokes: [RING] }, width).data, shape: [1, EDGE, EDGE] };
    const run = { images: { train: { pixels, labels: { values: [0] } } }, input: { width: EDGE, height: EDGE }, preprocessing: { framing: "mass", ground: "dark" } };
    assert.ok(Math.abs(penWidth(run) / width - 1) < 0.15, `${width}: ${penWidth(run)}`);
  }
});

test("a drawing is its address, and nonsense is none", () => {
  for (const isLight of [true, false]) {
    const drawing = { isLight, strokes: [RING, [[0, 254]], [[254, 0], [3, 4]]] };
    const text = drawingText(drawing);
    assert.deepEqual(parseDrawing(text), drawing);
    assert.match(text, /^[dl][\w-]*$/);
  }
  assert.deepEqual(parseDrawing("d"), { isLight: false, strokes: [] });
  for (const text of ["", "x", "dAA", "dAAA", "d%%", "d_w8"]) assert.ok(!parseDrawing(text)?.strokes.length, text);
});

test("pixels are packed in their address", () => {
  const pixels = Uint8Array.from({ length: 784 }, (_, i) => (i > 300 && i < 380 ? (i * 31) % 256 : 0));
  for (const each of [pixels, new Uint8Array(784), Uint8Array.from({ length: 784 }, (_, i) => (i * i) % 251), Uint8Array.of(7)]) {
    assert.deepEqual(parsePixels(pixelsText(each), each.length), each);
    assert.equal(parsePixels(pixelsText(each), each.length + 1), null);
  }
  assert.ok(pixelsText(pixels).length < 150);
  for (const text of ["", "%", "gA", "f", "AAAA"]) assert.equal(parsePixels(text, 784), null);
});

test("an image on paper is dark on light, off centre", () => {
  const data = new Uint8Array(784).fill(255, 392, 400), { width, height, ...paper } = onPaper({ width: 28, height: 28, channels: 1, data }, false);
  assert.equal(paper.data.length, width * height);
  assert.ok(Math.min(...paper.data) < 80 && paper.data[0] > 200);
});

const bytes = (text, size = 64) => Uint8Array.from({ length: Math.max(size, text.length) }, (_, i) => text.charCodeAt(i) || 0);
const PNG = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\0\0\0\0\x40\x08\0\0\0\0crc4";

test("headers say what a file is, and whether it is whole", () => {
  assert.deepEqual(readHeader(bytes(`${PNG}\0\0\0\0IENDcrc4`)), { kind: "png", width: 256, height: 64, isWhole: true });
  assert.equal(readHeader(bytes(PNG)).isWhole, false);
  const jpeg = "\xff\xd8\xff\xe1\0\x06ab\xff\xd9\xff\xc2\0\x0b\x08\x01\0\x02\0\x01\x01\x11\0\xff\xda\0\x08data";
  assert.deepEqual(readHeader(bytes(jpeg)), { kind: "jpeg", width: 512, height: 256, isWhole: false }, "the end in the EXIF data is none");
  assert.equal(readHeader(bytes(`${jpeg}\xff\xd9`)).isWhole, true);
  assert.equal(readHeader(bytes("\0\0\0\x18ftypmif1\0\0\0\0mif1heic")).kind, "heic");
  assert.equal(readHeader(bytes("\0\0\0\x18ftypavif\0\0\0\0mif1avif")).kind, "avif");
  assert.deepEqual(readHeader(bytes("RIFF\x20\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x1f\0\0\x0f\0\0")), { kind: "webp", width: 32, height: 16, isWhole: true });
  assert.deepEqual(readHeader(bytes("GIF89a\x05\0\x06\0\0\0\0\x3b")), { kind: "gif", width: 5, height: 6, isWhole: true });
  assert.equal(readHeader(bytes("BM" + "\0".repeat(16) + "\x10\0\0\0\xf0\xff\xff\xff")).height, 16);
  assert.equal(readHeader(bytes("II*\0")).kind, "tiff");
  for (const text of ["", "hello", "<svg></svg>"]) assert.equal(readHeader(bytes(text, text.length)).kind, "unknown");
});

test("what cannot be decoded has a sentence", () => {
  const codeOf = (header) => {
    try {
      check({ kind: "png", width: 9, height: 9, isWhole: true, ...header });
    } catch ({ code, values }) {
      for (const language of ["en", "zh"]) {
        const places = [...PROBLEMS[language][code].matchAll(/\{(\w+)\}/g)].map((found) => found[1]).filter((name) => name !== "name");
        assert.deepEqual(places.filter((name) => !(name in values)), []);
      }
      return code;
    }
    return null;
  };
  const codes = [{}, { kind: "tiff" }, { isWhole: false }, { width: 40_000 }, { width: 10_000, height: 10_000 }].map(codeOf);
  assert.deepEqual(codes, [null, "tiff", "damaged", "long", "large"]);
});

test("the gallery is filtered by label, by answer and by mistakes", () => {
  const labels = [4, 4, 9, 9], predicted = [9, 4, 9, 4], any = { truth: null, answered: null, isMistake: false };
  assert.deepEqual(fitting(labels, predicted, any), [0, 1, 2, 3]);
  assert.deepEqual(fitting(labels, predicted, { ...any, truth: 4, answered: 9 }), [0]);
  assert.deepEqual(fitting(labels, predicted, { ...any, isMistake: true }), [0, 3]);
  assert.deepEqual(fitting(labels, null, { ...any, answered: 9, truth: 9 }), [2, 3], "before the answers are known, all fit");
});
