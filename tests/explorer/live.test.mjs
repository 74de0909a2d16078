import assert from "node:assert/strict";
import { test } from "node:test";

import { addNewer, whatToDo } from "../../src/lenet/explorer/page/base/live.js";

test("points that come twice are taken once", () => {
  const points = [{ step: 10 }, { step: 20 }];
  addNewer(points, [{ step: 20 }, { step: 30 }]);
  assert.deepEqual(points.map((point) => point.step), [10, 20, 30]);
  const none = [];
  addNewer(none, [{ step: 0 }]);
  assert.equal(none.length, 1);
});

test("newer weights are opened, or offered to someone who is at work", () => {
  const news = { isReset: false, weights: "step 20", problem: "" };
  assert.equal(whatToDo(news, "step 10", false), "open");
  assert.equal(whatToDo(news, "step 10", true), "offer");
  assert.equal(whatToDo(news, "step 20", false), "");
  assert.equal(whatToDo({ ...news, weights: "" }, "step 10", false), "");
  assert.equal(whatToDo({ ...news, problem: "the checkpoint is damaged" }, "step 10", false), "");
  assert.equal(whatToDo({ ...news, weights: "step 10", isReset: true }, "step 10", false), "open");
});
