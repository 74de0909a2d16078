import assert from "node:assert/strict";
import { test } from "node:test";

import { restore } from "../../src/lenet/explorer/page/base/snapshots.js";
import { classesToDraw, indexOf, momentsOf } from "../../src/lenet/explorer/page/panels/replay/moments.js";

const table = (values, shape = [values.length]) => ({ shape, values });
const run = () => ({
  weights: table(new Float32Array(6)), epochs: 3, test: { accuracy: 0.9, loss: 0.3 }, scales: table(Float32Array.of(0.5, 0.25, 2)),
  tensors: { "a.weight": [0, [2, 2]], "a.bias": [4, [2]] },
  snapshots: [
    { step: 0, epoch: 0, weights: table(Int8Array.of(1, 2, 3, 4, 5, 6)), accuracy: 0.1, loss: 2.3 },
    { step: 7, epoch: 0.5, weights: table(Int8Array.of(126, 0, -4, 0, 1, -127)) },
  ],
});

test("snapshots are restored from their differences", () => {
  const made = run();
  restore(made);
  assert.deepEqual([...made.snapshots[0].weights.values], [0.5, 1, 0.75, 1, 10, 12]);
  assert.deepEqual([...made.snapshots[1].weights.values], [63.5, 1, -0.25, 1, 12, -242]);
  assert.doesNotThrow(() => restore({ scales: null, snapshots: [] }));
});

test("the moments end with the trained network", () => {
  const moments = momentsOf(run());
  assert.deepEqual(moments.map(({ number }) => number), [0, 1, null]);
  assert.deepEqual(moments.map(({ accuracy }) => accuracy), [0.1, null, 0.9]);
  assert.deepEqual([null, 0, 1, 99, -1, "x"].map((each) => indexOf(run(), each)), [2, 0, 1, 2, 2, 2]);
});

test("the true class is drawn, and the answers at the end and before", () => {
  const answers = [[0.9, 0.05, 0.05, 0, 0], [0.1, 0.2, 0.6, 0.1, 0], [0, 0.2, 0.1, 0.7, 0]].map((each) => Float64Array.from(each));
  assert.deepEqual(classesToDraw(answers, 4), [4, 3, 1, 0]);
  assert.deepEqual(classesToDraw(answers, null), [3, 1, 0, 2]);
});
