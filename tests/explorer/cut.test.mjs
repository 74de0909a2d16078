import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { copying, embeddingLayer } from "../../src/lenet/explorer/page/engine/cut.js";
import { Kernels } from "../../src/lenet/explorer/page/engine/kernels.js";
import { Network } from "../../src/lenet/explorer/page/engine/network.js";
import { random } from "./small_network.mjs";

/** A LeNet with random weights, with batch normalization or without. */
function lenet(isNormalized) {
  const block = (name, inputs, channels, padding) => [
    { kind: "convolution", name: `${name}c`, in_channels: inputs, channels, kernel_size: 5, padding },
    ...(isNormalized ? [{ kind: "batch-norm", name: `${name}n`, channels, epsilon: 1e-5 }] : []),
    { kind: "activation", name: `${name}a`, function: "relu" }, { kind: "pooling", name: `${name}p`, function: "max" },
  ];
  const layers = [...block("1", 1, 6, 2), ...block("2", 6, 16, 0), { kind: "flatten", name: "flat" }, { kind: "dense", name: "d1", in_features: 400, features: 30 },
    { kind: "activation", name: "a3", function: "relu" }, { kind: "dense", name: "d2", in_features: 30, features: 10 }];
  const parameters = layers.flatMap(({ kind, name, channels, in_channels, kernel_size, in_features, features }) => ({
    convolution: [[`${name}.weight`, [channels, in_channels, kernel_size, kernel_size]], [`${name}.bias`, [channels]]],
    "batch-norm": [[`${name}.weight`, [channels]], [`${name}.bias`, [channels]]],
    dense: [[`${name}.weight`, [features, in_features]], [`${name}.bias`, [features]]],
  }[kind] ?? []));
  const statistics = layers.filter(({ kind }) => kind === "batch-norm")
    .flatMap(({ name, channels }) => ["running_mean", "running_var"].map((part) => [`${name}.${part}`, [channels]]));
  const tensors = {};
  let start = 0;
  for (const [name, shape] of [...parameters, ...statistics]) {
    tensors[name] = [start, shape];
    start += shape.reduce((a, b) => a * b, 1);
  }
  const next = random(7), weights = Float32Array.from({ length: start }, () => next() * 0.4);
  for (const [name, [from, [count]]] of Object.entries(tensors)) if (name.endsWith("running_var")) for (let i = 0; i < count; i += 1) weights[from + i] = 0.5 + i / 10;
  const preprocessing = { size: [28, 28], mean: 0.13, std: 0.31, ground: "dark", framing: "box", channels: 1, fit: "pad" };
  return new Network({ layers, tensors, input: { channels: 1, height: 28, width: 28 }, preprocessing }, weights);
}

const kernels = await Kernels.load(readFileSync(new URL("../../src/lenet/explorer/page/kernels.wasm", import.meta.url)));

for (const isNormalized of [false, true]) {
  test(`the kernels compute what goes into a layer, to the same bits: ${isNormalized ? "with" : "without"} normalization`, () => {
    const network = lenet(isNormalized), count = 5, next = random(3);
    const pixels = Uint8Array.from({ length: count * 784 }, () => Math.floor((next() + 1) * 127.9));
    for (const layer of [embeddingLayer(network, null), network.layers.length - 1]) {
      const cut = copying(network, layer), width = network.layers[layer].in_features, computed = kernels.logits(cut, pixels, count);
      for (let i = 0; i < count; i += 1) {
        const expected = network.forward(pixels.subarray(784 * i, 784 * (i + 1)))[layer - 1];
        assert.deepEqual(computed.subarray(width * i, width * (i + 1)), expected);
      }
    }
  });
}
