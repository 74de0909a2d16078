import assert from "node:assert/strict";
import { test } from "node:test";

import { DEFAULTS } from "../../src/lenet/explorer/page/base/state.js";
import { PANELS } from "../../src/lenet/explorer/page/panels/index.js";
import { pageOf } from "../../src/lenet/explorer/page/panels/pages.js";

test("every panel has its texts in both languages, with the same places for values", () => {
  for (const { id, words } of PANELS) {
    assert.deepEqual(Object.keys(words), ["en", "zh"], id);
    assert.deepEqual(Object.keys(words.zh).sort(), Object.keys(words.en).sort(), id);
    assert.ok(words.en.title, id);
    for (const key of Object.keys(words.en)) {
      const values = (text) => [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1]).sort();
      assert.deepEqual(values(words.zh[key]), values(words.en[key]), `${id}: ${key}`);
    }
  }
});

test("no two panels share a name or an entry of the address", () => {
  const ids = PANELS.map((panel) => panel.id);
  assert.equal(new Set(ids).size, ids.length);
  const entries = [...Object.keys(DEFAULTS), ...PANELS.flatMap((panel) => Object.keys(panel.state ?? {}))];
  assert.equal(new Set(entries).size, entries.length);
});

test("a list has pages, and the nearest stands for one that it lacks", () => {
  const page = (count, asked) => Object.values(pageOf(count, 60, asked));
  assert.deepEqual([page(121, 0), page(121, 2), page(121, 9), page(121, "x"), page(121, -1), page(120, 1), page(0, 0)],
    [[0, 2, 0, 60], [2, 2, 120, 121], [2, 2, 120, 121], [0, 2, 0, 60], [0, 2, 0, 60], [1, 1, 60, 120], [0, 0, 0, 0]]);
});
