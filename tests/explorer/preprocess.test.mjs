/** What the page tells of an image beside what the network sees; the pixels themselves are compared in test_preprocessing.py. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { explain, SWITCHES } from "../../src/lenet/explorer/page/images/preprocess.js";
import { ImageProblem } from "../../src/lenet/explorer/page/images/problem.js";

const preprocessing = { size: [28, 28], mean: 0, std: 1, ground: "dark", framing: "mass", channels: 1, fit: "pad" };

/** Light paper with a dark bar on it. */
function paper() {
  const data = new Uint8Array(200 * 200).fill(230);
  for (let row = 60; row < 140; row++) data.fill(40, row * 200 + 90, row * 200 + 106);
  return { width: 200, height: 200, channels: 1, data };
}

test("the ground is the copy without what was found", () => {
  const { found } = explain(paper(), preprocessing);
  const { copy, ground, kept } = found;
  assert.equal(ground.data.length, copy.data.length);
  assert.ok(kept.data.includes(1));
  assert.ok(ground.data.every((value) => Math.abs(value - 230) < 3));
  assert.equal(found.ground, ground);
});

test("without any step the image is only scaled", () => {
  const { seen, found, steps } = explain(paper(), preprocessing, new Set(SWITCHES));
  assert.equal(found, null);
  assert.deepEqual(steps.map(({ name }) => name), ["image", "object", "scaled", "what the network sees"]);
  assert.ok(seen[14 * 28 + 13] < 60 && seen[8 * 28 + 6] > 220);
});

test("an image without pixels is a problem with a code", () => {
  const none = { width: 0, height: 0, channels: 1, data: new Uint8Array(0) };
  assert.throws(() => explain(none, preprocessing), (error) => error instanceof ImageProblem && error.code === "empty");
});
