import assert from "node:assert/strict";
import { test } from "node:test";

import { targetOf } from "../../src/lenet/explorer/page/panels/units/findings.js";
import { MEANINGS } from "../../src/lenet/explorer/page/panels/units/meanings.js";
import { extremes, histogram, stateOf, valuesOf } from "../../src/lenet/explorer/page/panels/units/statistics.js";

test("a histogram counts as NumPy's", () => {
  assert.deepEqual(histogram([0, 0.24, 0.25, 0.5, 1, 1.1, -0.1], 0, 1, 4), [2, 1, 1, 1]);
  assert.deepEqual(histogram([3, 3], 3, 3, 2), [0, 2]);
  assert.deepEqual(extremes([3, -1, 2]), [-1, 3]);
  assert.deepEqual(extremes([]), [0, 0]);
});

test("the values of a unit are those of all images and places", () => {
  const values = Float32Array.from({ length: 12 }, (_, i) => i); // 2 images, 3 units, 2 places
  assert.deepEqual([...valuesOf(values, 3, 2, 1)], [2, 3, 8, 9]);
});

test("dead and saturated units follow the doctor's rules", () => {
  assert.deepEqual(["relu", "sigmoid", undefined].map((name) => stateOf(name, [0, 0])), ["dead", "saturated", null]);
  assert.deepEqual([stateOf("relu", [0, 0.1]), stateOf("sigmoid", [0.005, 0.995]), stateOf("sigmoid", [0.005, 0.5])], [null, "saturated", null]);
  assert.deepEqual([stateOf("tanh", [-0.99, 0.985]), stateOf("tanh", [0.97]), stateOf("leaky-relu", [0])], ["saturated", null, null]);
});

test("a finding leads to the layer that it is about", () => {
  const app = /** @type {any} */ ({ run: { layers: [{ name: "conv.0" }, { name: "conv.1" }] } });
  const finding = (name, evidence = {}) => targetOf(app, { name, evidence, step: 0, message: "", remedy: "" });
  assert.deepEqual(finding("dead-units", { "dead share of conv.1": 0.7 })?.state, { panel: "units", layer: 1, unit: null });
  assert.equal(finding("saturated-units", { "saturated share of other": 0.7 }), null);
  assert.deepEqual([finding("class-never-predicted")?.state.panel, finding("loss-rising")?.state.panel, finding("unshuffled")], ["set", "replay", null]);
  assert.deepEqual(Object.keys(MEANINGS.en).sort(), Object.keys(MEANINGS.zh).sort());
});
