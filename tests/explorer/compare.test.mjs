import assert from "node:assert/strict";
import { test } from "node:test";

import { answers } from "../../src/lenet/explorer/page/panels/many.js";
import { compared, disagreementsOf } from "../../src/lenet/explorer/page/panels/compare/disagreements.js";
import { commonLayers } from "../../src/lenet/explorer/page/panels/compare/maps.js";
import { pairOf } from "../../src/lenet/explorer/page/panels/compare/panel.js";
import { small } from "./small_network.mjs";

test("the images on which answers differ, the largest difference of the losses first", () => {
  const one = answers(Float32Array.of(3, 0, 0, 2, 1, 0, 5, 0), 2, 1), two = answers(Float32Array.of(0, 3, 1, 2, 0, 5, 4, 0), 2, 1);
  const found = compared(one, two, Int32Array.of(0, 0, 1, 0), 2);
  assert.deepEqual(found, { images: [0, 2], first: [0, 0], second: [1, 1], count: 2, total: 4, right: null });
});

test("what the file knows of two networks, from either side", () => {
  const known = { count: 5, right: [3, 1, 1], images: { values: Int32Array.of(7, 2) }, predicted: { values: Int32Array.of(4, 9, 1, 7) } };
  const app = { data: { runs: [{ test: { count: 100 } }, { disagreements: known }] } };
  assert.deepEqual(disagreementsOf(app, 0, 1).result, { images: [7, 2], first: [4, 1], second: [9, 7], count: 5, total: 100, right: [3, 1, 1] });
  const other = disagreementsOf(app, 1, 0).result;
  assert.deepEqual([other.first, other.second, other.right], [[9, 7], [4, 1], [1, 3, 1]]);
});

test("layers in common", () => {
  const one = small(), two = small(6);
  assert.equal(commonLayers(one, two), 6);
  const other = { layers: [one.layers[0], { kind: "dense" }], shapes: one.shapes };
  assert.equal(commonLayers(one, other), 1);
});

test("the pair is the network that is looked at and another", () => {
  const pair = (runNumber, beside, length) => pairOf({ runNumber, state: { beside }, data: { runs: Array(length) } });
  assert.deepEqual([pair(0, null, 2), pair(1, null, 2), pair(1, 2, 3), pair(0, 0, 3), pair(0, 9, 3), pair(0, "x", 2)], [[0, 1], [1, 0], [1, 2], [0, 1], [0, 1], [0, 1]]);
});
