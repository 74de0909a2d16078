import assert from "node:assert/strict";
import { test } from "node:test";

import { classColour, classSigns } from "../../src/lenet/explorer/page/charts/classes.js";
import { inkOn } from "../../src/lenet/explorer/page/charts/contrast.js";
import { calibrationError, confusedPairs, imagesOf, scores } from "../../src/lenet/explorer/page/panels/set/numbers.js";
import { WHOLE, extentOf, kept, nearestPlace, next, placeOf, projected, viewOf, viewText, zoomed } from "../../src/lenet/explorer/page/panels/set/places.js";

test("recall, precision and the pairs that are confused most", () => {
  const confusion = [8, 2, 0, 1, 9, 0, 0, 0, 0], [first, second, third] = scores(confusion, 3);
  assert.deepEqual([first.recall, second.precision, third.recall, third.precision], [0.8, 9 / 11, null, null]);
  assert.deepEqual(confusedPairs(confusion, 3, 5), [{ truth: 0, answer: 1, count: 2 }, { truth: 1, answer: 0, count: 1 }]);
  assert.ok(Math.abs(calibrationError([[10, 0.9, 0.8], [30, 0.5, 0.5]]) - 0.025) < 1e-12);
});

test("a cell has its images, the most confident first", () => {
  const answers = { logits: new Float32Array(), predicted: Int32Array.of(1, 1, 0, 1), confidence: Float64Array.of(0.5, 0.9, 0.8, 0.7) };
  assert.deepEqual(imagesOf([0, 0, 0, 1], answers, 0, 1), [1, 0]);
});

test("a view of the map keeps what is under the pointer, and its address", () => {
  const extent = extentOf([0, 0, 10, 20]), before = placeOf(3, 5, extent, WHOLE, 400, 300);
  assert.deepEqual(extent, { left: 0, top: 0, width: 10, height: 20 });
  const view = zoomed(WHOLE, 2, before[0] / 400, before[1] / 300), after = placeOf(3, 5, extent, view, 400, 300);
  assert.ok(Math.abs(after[0] - before[0]) < 15 && Math.abs(after[1] - before[1]) < 15);
  assert.deepEqual(viewOf(viewText(view)).zoom, 2);
  assert.deepEqual([viewOf(""), viewOf("1,2"), viewText(WHOLE)], [WHOLE, WHOLE, ""]);
  assert.deepEqual(kept({ x: 0, y: 2, zoom: 2 }), { x: 0.25, y: 0.75, zoom: 2 });
});

test("the nearest point, and the next one in a direction", () => {
  /** @type {[number, number][]} */
  const places = [[0, 0], [10, 1], [5, 30], [-8, 0]];
  assert.equal(nearestPlace(places, 9, 0, 5), 1);
  assert.equal(nearestPlace(places, 100, 100, 5), null);
  assert.deepEqual([next(places, 0, [1, 0]), next(places, 0, [0, 1]), next(places, 0, [-1, 0]), next(places, 1, [1, 0])], [1, 2, 3, null]);
  assert.deepEqual(projected([3, 4], [1, 1], [1, 0, 0, 2]), [2, 6]);
});

test("classes have signs, and colours that are read on their ground", () => {
  assert.deepEqual(classSigns(["4", "9"]), ["4", "9"]);
  assert.deepEqual(classSigns(["coat", "bag"]), ["0", "1"]);
  const luminance = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, i) => sum + value * [0.2126, 0.7152, 0.0722][i], 0);
  for (const [theme, ground] of [["light", "#ffffff"], ["dark", "#14171c"]]) {
    for (let label = 0; label < 10; label += 1) {
      const [low, high] = [luminance(classColour(label, theme)), luminance(ground)].sort((a, b) => a - b);
      assert.ok((high + 0.05) / (low + 0.05) >= 4.5, `${theme} ${label}: ${(high + 0.05) / (low + 0.05)}`);
    }
  }
  assert.deepEqual([inkOn([255, 255, 255]), inkOn([5, 48, 97])], ["#000", "#fff"]);
});
