// The last number of the arithmetic of a cell is the output of the layer, to the last bit, for any cell of any layer.
import assert from "node:assert/strict";
import test from "node:test";

import { terms } from "../../src/lenet/explorer/page/engine/arithmetic.js";
import { activation } from "../../src/lenet/explorer/page/engine/activation.js";
import { Network } from "../../src/lenet/explorer/page/engine/network.js";

const f = Math.fround;
const SIZES = { convolution: { channels: 4, kernel_size: 3 }, "batch-norm": { channels: 4 } };

/** A source of random numbers from 0 to 1 (mulberry32). */
function randomly(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A network of these layers, with random weights. */
function made(kinds, random) {
  let channels = 2;
  const layers = kinds.map(([kind, changes], i) => {
    const layer = { kind, name: String(i), ...SIZES[kind], ...changes };
    if (kind === "convolution") [layer.in_channels, channels] = [channels, layer.channels];
    return layer;
  });
  const run = { layers, input: { channels: 2, height: 12, width: 15 }, preprocessing: { mean: 0.3, std: 0.4 }, tensors: {} };
  const { shapes } = new Network({ ...run, tensors: {} }, new Float32Array(0));
  let size = 0;
  const add = (name, ...shape) => {
    run.tensors[name] = [size, shape];
    size += shape.reduce((a, b) => a * b);
  };
  layers.forEach((layer, i) => {
    const { kind, name, kernel_size: k } = layer;
    if (kind === "convolution") add(`${name}.weight`, layer.channels, layer.in_channels, k, k);
    if (kind === "convolution") add(`${name}.bias`, layer.channels);
    for (const part of kind === "batch-norm" ? ["weight", "bias", "running_mean", "running_var"] : [])
      add(`${name}.${part}`, layer.channels);
    if (kind === "dense") add(`${name}.weight`, layer.features, shapes[i - 1][0]), add(`${name}.bias`, layer.features);
  });
  const weights = Float32Array.from({ length: size }, () => random() - 0.5);
  for (const [name, [start, [count]]] of Object.entries(run.tensors))
    if (name.endsWith("running_var")) for (let i = 0; i < count; i += 1) weights[start + i] += 1;
  return new Network(run, weights);
}

/** The number that the arithmetic ends with. */
function last({ kind, terms: list, groups, window, winner, sums, share, rows, before, function: name, normalization, bias }) {
  switch (kind) {
    case "convolution": return list.reduce((sum, { product, isLeftOut }) => (isLeftOut ? sum : f(sum + product)), bias);
    case "batch-norm": return normalization.isFolded ? list.at(-1).sum : f(f(before * normalization.scale) + normalization.shift);
    case "activation": return activation(name)(before);
    case "pooling": return name === "max" ? window[winner].value : f(sums[2] * share);
    case "global-pooling": return f(rows.at(-1).total * share);
    case "dense": return groups.at(-1).total;
    default: return before;
  }
}

const NETWORKS = {
  "a LeNet": [["convolution", { padding: 1 }], ["activation", { function: "sigmoid" }], ["pooling", { function: "max" }],
    ["flatten"], ["dense", { features: 9 }], ["activation", { function: "tanh" }], ["dropout"], ["dense", { features: 3 }]],
  "batch normalization": [["convolution", { padding: 2 }], ["batch-norm"], ["activation", { function: "relu" }],
    ["convolution", { padding: 1 }], ["activation", { function: "leaky-relu" }], ["batch-norm"], ["pooling", { function: "avg" }],
    ["global-pooling"], ["flatten"], ["dense", { features: 3 }]],
};

for (const [name, layers] of Object.entries(NETWORKS))
  test(`arithmetic of ${name}`, () => {
    const random = randomly(1), network = made(layers, random);
    const pixels = Uint8Array.from({ length: 12 * 15 * 2 }, () => Math.floor(256 * random()));
    const outputs = network.forward(pixels);
    network.layers.forEach(({ kind }, layer) => {
      const [channels, height = 1, width = 1] = network.shapes[layer];
      for (let i = 0; i < 60; i += 1) {
        const [unit, row, column] = [channels, height, width].map((most) => Math.floor(random() * most));
        const found = terms(network, pixels, outputs, layer, unit, row, column);
        const expected = outputs[layer][(unit * height + row) * width + column];
        assert.equal(found.value, expected);
        assert.equal(last(found), expected, `${kind} ${layer}`);
        if (kind === "convolution") assert.equal(found.terms.at(-1).sum, expected);
      }
    });
  });

test("a unit that is off is zero, and everything follows", () => {
  const random = randomly(2), network = made(NETWORKS["batch normalization"], random);
  const pixels = Uint8Array.from({ length: 12 * 15 * 2 }, () => Math.floor(256 * random()));
  const outputs = network.forward(pixels), off = network.forward(pixels, new Map([[2, new Set([1])]]));
  assert.deepEqual(off[1], outputs[1]);
  assert.ok(off[2].subarray(off[2].length / 4, off[2].length / 2).every((value) => value === 0));
  assert.notDeepEqual(off.at(-1), outputs.at(-1));
  const before = network.forward(pixels, new Map([[0, new Set([0])]])); // its normalization sees zeros
  const { mean, scale, beta } = network.normalization(1);
  assert.equal(before[1][0], f(-mean[0] * scale[0] + beta[0]));
});
