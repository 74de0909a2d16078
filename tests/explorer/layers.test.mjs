// Where numbers stand on their canvas, where they come from, and how they are printed.
import assert from "node:assert/strict";
import test from "node:test";

import { floatText } from "../../src/lenet/explorer/page/base/floats.js";
import { barGrid, boxOf, cellGrid, mapGrid, placeAt, walk } from "../../src/lenet/explorer/page/charts/grids.js";
import { chainOf, marksOf } from "../../src/lenet/explorer/page/panels/layers/chain.js";
import { cellOf, fieldsOf, placeOf, receptiveField, shapeOf } from "../../src/lenet/explorer/page/panels/layers/fields.js";
import { farsOf, gridOf, planes } from "../../src/lenet/explorer/page/panels/layers/overview.js";
import { between, indexIn, tensorOf } from "../../src/lenet/explorer/page/panels/what_if/changes.js";
import { random, small } from "./small_network.mjs";

const GRIDS = [mapGrid([6, 28, 28]), mapGrid([16, 5, 5]), mapGrid([22, 1, 1]), mapGrid([3, 7, 9]), cellGrid(400, 25), cellGrid(7, 3), barGrid(120), barGrid(10)];
const PIXELS = Uint8Array.from({ length: 64 }, (_, i) => (37 * i) % 256);

test("a printed float32 reads back to the same bits, in as few digits as do", () => {
  const bits = new Uint32Array(1), floats = new Float32Array(bits.buffer), next = random(3);
  for (let i = 0; i < 50_000; i += 1) {
    bits[0] = (next() * 0x7fffffff + 0x80000000) >>> 0;
    if (!Number.isFinite(floats[0])) continue;
    assert.ok(Object.is(Math.fround(Number(floatText(floats[0]))), floats[0]), floatText(floats[0]));
  }
  const texts = [0.1, -0.1, 1, 0, -0, 16777216, 1e-45, 3.4028234663852886e38, 0.3].map((value) => floatText(Math.fround(value)));
  assert.deepEqual(texts, ["0.1", "-0.1", "1", "0", "-0", "16777216", "1.4013e-45", "3.4028235e+38", "0.3"]);
  assert.equal(floatText(NaN), "NaN");
});

test("every number has a box of its own, and the middle of the box is that number", () => {
  for (const grid of GRIDS) {
    const [rows, columns] = grid.kind === "maps" ? [grid.height, grid.width] : [1, 1];
    for (let unit = 0; unit < grid.count; unit += 1)
      for (let row = 0; row < rows; row += 1)
        for (let column = 0; column < columns; column += 1) {
          const { x, y, width, height } = boxOf(grid, { unit, row, column });
          assert.deepEqual(placeAt(grid, x + width / 2, y + height / 2), { unit, row, column });
          assert.ok(x + width <= grid.room[0] && y + height <= grid.room[1]);
        }
    assert.equal(placeAt(grid, -1, 0), null);
    assert.equal(placeAt(grid, grid.room[0], 0), null);
  }
  const gap = mapGrid([2, 4, 4]);
  assert.equal(placeAt(gap, 4.5 * gap.scale, 0), null);
});

test("the layers of a LeNet fit into two rows of a wide page", () => {
  const widths = [mapGrid([1, 28, 28], { area: 9_000 }), mapGrid([6, 28, 28]), mapGrid([6, 28, 28]), mapGrid([6, 14, 14]), mapGrid([16, 10, 10]),
    mapGrid([16, 10, 10]), mapGrid([16, 5, 5])].map((grid) => Math.max(96, grid.room[0]));
  assert.ok(widths.reduce((a, b) => a + b, 0) + 60 < 1014, String(widths));
  assert.deepEqual([mapGrid([6, 28, 28]).columns, mapGrid([16, 5, 5]).columns, mapGrid([24, 8, 8]).columns, mapGrid([3, 8, 8]).columns], [3, 4, 6, 3]);
});

test("arrow keys walk over the edges of maps, and stop at the end", () => {
  const grid = mapGrid([6, 28, 28]), at = (unit, row, column) => ({ unit, row, column });
  assert.deepEqual(walk(grid, at(0, 3, 27), "ArrowRight"), at(1, 3, 0));
  assert.deepEqual(walk(grid, at(1, 3, 0), "ArrowLeft"), at(0, 3, 27));
  assert.deepEqual(walk(grid, at(1, 27, 5), "ArrowDown"), at(4, 0, 5));
  assert.deepEqual(walk(grid, at(4, 0, 5), "ArrowUp"), at(1, 27, 5));
  assert.deepEqual(walk(grid, at(4, 2, 5), "PageDown"), at(5, 2, 5));
  assert.deepEqual(walk(grid, at(4, 2, 5), "Home"), at(0, 2, 5));
  for (const [place, key] of [[at(2, 0, 27), "ArrowRight"], [at(0, 0, 0), "ArrowUp"], [at(5, 27, 0), "ArrowDown"], [at(5, 1, 1), "PageDown"]]) {
    assert.equal(walk(grid, place, key), null);
  }
  assert.equal(walk(grid, at(0, 0, 0), "a"), null);
  assert.deepEqual(walk(barGrid(10), at(3, 0, 0), "ArrowRight"), at(4, 0, 0));
  assert.deepEqual(walk(cellGrid(400, 25), at(3, 0, 0), "ArrowDown"), at(28, 0, 0));
  const seen = new Set();
  for (let place = at(0, 0, 0); place; place = walk(grid, place, "ArrowRight")) seen.add(place.unit);
  assert.deepEqual([...seen], [0, 1, 2]);
});

test("a number depends on the outlined numbers alone, and on the pixels of its receptive field alone", () => {
  const network = small(), outputs = network.forward(PIXELS);
  for (let layer = 0; layer < network.layers.length; layer += 1) {
    const count = outputs[layer].length;
    for (let index = 0; index < count; index += 3) {
      const cell = { layer, ...placeOf(network, layer, index) }, field = receptiveField(network, cell);
      if (shapeOf(network, layer).length < 3) continue;
      const changed = PIXELS.map((value, i) => {
        const row = Math.floor(i / 8), column = i % 8;
        const isInside = row >= field.row && row < field.row + field.height && column >= field.column && column < field.column + field.width;
        return isInside ? value : 255 - value;
      });
      assert.equal(network.forward(changed)[layer][index], outputs[layer][index]);
      for (const { boxes } of fieldsOf(network, cell)) {
        for (const box of boxes) assert.ok(box.row >= 0 && box.column >= 0 && box.height > 0 && box.width > 0);
      }
    }
  }
  assert.deepEqual(receptiveField(network, { layer: 1, unit: 0, row: 0, column: 1 }), { row: 0, column: 1, height: 3, width: 4 });
});

test("a chain leads from a maximum to the products that won, with the winner outlined", () => {
  const network = small(), outputs = network.forward(PIXELS), cell = { layer: 2, ...placeOf(network, 2, 19) };
  const chain = chainOf(network, PIXELS, outputs, cell);
  assert.deepEqual(chain.map(({ arithmetic }) => arithmetic.kind), ["flatten", "pooling", "convolution"]);
  assert.ok(chain.every(({ arithmetic }) => arithmetic.value === outputs[2][19]));
  const { marks, whole } = marksOf(network, cell, chain, new Map([[3, new Set([1])]]));
  const names = (layer) => (marks.get(layer) ?? []).map(({ name }) => name);
  assert.deepEqual([names(2), names(1), names(0), names(-1), names(3)], [["cell"], ["source"], ["source", "winner"], ["source"], ["off"]]);
  assert.equal(whole.size, 0);
  assert.deepEqual([...marksOf(network, { layer: 5, unit: 0, row: 0, column: 0 }, chainOf(network, PIXELS, outputs, { layer: 5, unit: 0, row: 0, column: 0 }),
    new Map()).whole], [4]);
});

test("of equal numbers the last wins, as in the kernels", () => {
  const network = small(), blank = new Uint8Array(64), outputs = network.forward(blank);
  const [pooling] = chainOf(network, blank, outputs, { layer: 1, unit: 0, row: 1, column: 1 });
  assert.equal(new Set(pooling.arithmetic.window.map(({ value }) => value)).size, 1);
  assert.equal(pooling.arithmetic.winner, 3);
});

test("a cell of the address must exist", () => {
  const network = small(), of = (...numbers) => cellOf(network, Object.fromEntries(["layer", "unit", "row", "column"].map((name, i) => [name, numbers[i] ?? null])));
  assert.deepEqual(of(0, 1, 7, 0), { layer: 0, unit: 1, row: 7, column: 0 });
  assert.deepEqual(of(3, 4), { layer: 3, unit: 4, row: 0, column: 0 });
  assert.deepEqual(of(-1, 0, 7, 7), { layer: -1, unit: 0, row: 7, column: 7 });
  for (const numbers of [[0, 2, 0, 0], [0, 0, 8, 0], [6, 0], [3, 5], [0, 0.5, 0, 0], [-2, 0], [0.5, 0], ["x", 0], [null, 1], [1]]) assert.equal(of(...numbers), null);
});

test("a scale is that of a map, of a layer, or of all layers", () => {
  const network = small(), outputs = network.forward(PIXELS), far = (values) => Math.max(...values.map(Math.abs));
  assert.deepEqual([...farsOf(network, outputs, "map")[0]], [far(outputs[0].slice(0, 64)), far(outputs[0].slice(64))]);
  assert.deepEqual([...farsOf(network, outputs, "layer")[0]], [far(outputs[0])]);
  assert.deepEqual([...farsOf(network, outputs, "shared")[3]], [Math.max(...outputs.map(far))]);
  assert.deepEqual([-1, 0, 1, 2, 3].map((layer) => gridOf(network, layer).kind), ["maps", "maps", "maps", "cells", "bars"]);
  assert.deepEqual([...planes(Uint8Array.of(1, 2, 3, 4, 5, 6), [3, 1, 2])], [1, 4, 2, 5, 3, 6]);
});

test("a weight has a tensor and a place, and the place leads back to it", () => {
  const { tensors } = small().run;
  for (let index = 0; index < 18 + 2 + 160 + 5 + 15 + 3; index += 1) {
    const found = tensorOf(tensors, index);
    assert.equal(indexIn(tensors[found.tensor], found.place), index);
  }
  assert.equal(tensorOf(tensors, 1e6), null);
  assert.equal(indexIn(tensors["maps.weight"], [0, 0, 3, 0]), null);
  assert.equal(indexIn(tensors["maps.weight"], [0, 0]), null);
});

test("a fast stroke leaves no gaps", () => {
  const places = between({ row: 2, column: 3 }, { row: 9, column: -1 });
  assert.deepEqual([places[0], places.at(-1)], [{ row: 2, column: 3 }, { row: 9, column: -1 }]);
  for (let i = 1; i < places.length; i += 1) {
    assert.ok(Math.abs(places[i].row - places[i - 1].row) <= 1 && Math.abs(places[i].column - places[i - 1].column) <= 1);
  }
});
