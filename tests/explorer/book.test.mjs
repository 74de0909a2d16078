import assert from "node:assert/strict";
import { test } from "node:test";

import { bytes, grey, noise, outline, stripes, turned } from "../../src/lenet/explorer/page/panels/book/inputs.js";
import { OUTLINES, inside } from "../../src/lenet/explorer/page/panels/book/outlines.js";
import { channelMeans } from "../../src/lenet/explorer/page/panels/book/rows.js";
import { WORDS } from "../../src/lenet/explorer/page/panels/book/words.js";

const input = { channels: 1, height: 28, width: 28 };

test("a seed decides the noise, and its bytes are spread evenly", () => {
  assert.deepEqual(noise(input, "1"), noise(input, "1"));
  assert.notDeepEqual(noise(input, "1"), noise(input, "2"));
  assert.equal(noise(input, "x"), null);
  const next = bytes(3), mean = Array.from({ length: 10_000 }, next).reduce((a, b) => a + b, 0) / 10_000;
  assert.ok(Math.abs(mean - 127.5) < 3);
});

test("stripes and grey are what their addresses say, in colour too", () => {
  assert.deepEqual([...(stripes(input, "3") ?? []).slice(0, 8)], [0, 0, 0, 255, 255, 255, 0, 0]);
  assert.equal(stripes(input, "2,h")?.[2 * 28], 255);
  assert.equal(stripes(input, "0"), null);
  assert.deepEqual(grey({ channels: 3, height: 1, width: 2 }, "7"), new Uint8Array(6).fill(7));
  assert.equal(grey(input, "300"), null);
});

test("every outline fills some of the image, on the training images' background, and has a name", () => {
  for (const name of Object.keys(OUTLINES)) {
    const dark = outline(input, name, false), light = outline(input, name, true);
    const share = dark.reduce((a, b) => a + b, 0) / 255 / dark.length;
    assert.ok(share > 0.1 && share < 0.5, `${name}: ${share}`);
    assert.equal(dark[0], 0);
    assert.equal(light[0], 255);
    assert.ok(WORDS.en[`outline_${name}`]);
  }
  assert.equal(outline(input, "dog", false), null);
  assert.deepEqual([inside([[[0, 0], [4, 0], [4, 4], [0, 4]]], 1, 1), inside([[[0, 0], [4, 0], [4, 4], [0, 4]]], 5, 1)], [true, false]);
});

test("an image upside down, and the means of channels", () => {
  assert.deepEqual([...turned({ channels: 1, height: 2, width: 2 }, Uint8Array.of(1, 2, 3, 4))], [3, 4, 1, 2]);
  assert.deepEqual(channelMeans(Float32Array.of(1, 3, 5, 7), 2), [2, 6]);
});
