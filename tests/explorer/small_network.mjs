// A small network with all kinds of layers, for tests of what the page makes of one.
import { Network } from "../../src/lenet/explorer/page/engine/network.js";

/** Numbers from -1 to 1 from a seed. */
export function random(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

/** 8 × 8 pixels, a convolution, two dense layers, three classes. */
export function small(seed = 5) {
  const layers = [
    { kind: "convolution", name: "maps", in_channels: 1, channels: 2, kernel_size: 3, padding: 1 }, { kind: "pooling", name: "pool", function: "max" },
    { kind: "flatten", name: "flatten" }, { kind: "dense", name: "first", in_features: 32, features: 5 }, { kind: "activation", name: "act", function: "tanh" },
    { kind: "dense", name: "last", in_features: 5, features: 3 },
  ];
  const shapes = { "maps.weight": [2, 1, 3, 3], "maps.bias": [2], "first.weight": [5, 32], "first.bias": [5], "last.weight": [3, 5], "last.bias": [3] };
  const tensors = {};
  let start = 0;
  for (const [name, shape] of Object.entries(shapes)) {
    tensors[name] = [start, shape];
    start += shape.reduce((a, b) => a * b, 1);
  }
  const run = { layers, tensors, input: { channels: 1, height: 8, width: 8 }, preprocessing: { mean: 0.2, std: 0.5 } };
  return new Network(run, Float32Array.from({ length: start }, random(seed)));
}
