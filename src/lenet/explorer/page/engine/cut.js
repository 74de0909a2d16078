/** Networks that end before a layer: what goes into it is their output. */

import { Network } from "./network.js";

const MAX_WIDTH = 1000; // of an embedding, as in networks/calibration.py

/**
 * The number of the last dense layer, which makes the logits; -1 if the network ends otherwise.
 * @param {Network} network
 */
export function lastDense(network) {
  const last = network.layers.length - 1;
  return network.layers[last].kind === "dense" ? last : -1;
}

/**
 * The number of the dense layer whose input is the embedding, as networks/embedding.py chooses it; -1 if there is none.
 * @param {Network} network
 * @param {any} calibration  which names it; null for a network without
 */
export function embeddingLayer(network, calibration) {
  const isIt = (/** @type {any} */ layer) => (calibration ? layer.name === calibration.layer
    : layer.kind === "dense" && layer.in_features <= MAX_WIDTH);
  return network.layers.findIndex(isIt);
}

/**
 * How many numbers go into a dense layer.
 * @param {Network} network
 * @param {number} layer
 */
export function widthOf(network, layer) {
  return Number(network.layers[layer].in_features);
}

/**
 * The layers before one, as a network with the same weights: it ends with what goes into that layer.
 * @param {Network} network
 * @param {number} layer
 * @returns {Network}
 */
export function before(network, layer) {
  return new Network({ ...network.run, layers: network.layers.slice(0, layer) }, network.weights);
}

/**
 * The same for the kernels, which compute logits: a dense layer that copies its input follows.
 * @param {Network} network
 * @param {number} layer  a dense one, with an input of 2 to 1,000 numbers
 * @returns {Network}
 */
export function copying(network, layer) {
  const width = widthOf(network, layer), kept = network.layers.slice(0, layer), { run } = network;
  const isStatistic = (/** @type {string} */ name) => /\.running_(mean|var)$/.test(name);
  const names = Object.keys(run.tensors).filter((name) => kept.some((each) => name.startsWith(`${each.name}.`)));
  // In the order in which the kernels read them: the parameters of the layers, then the statistics of all normalizations.
  const order = [...names.filter((name) => !isStatistic(name)), "copy.weight", "copy.bias", ...names.filter(isStatistic)];
  /** @type {Record<string, [number, number[]]>} */
  const tensors = {};
  let start = 0;
  for (const name of order) {
    const shape = name === "copy.weight" ? [width, width] : name === "copy.bias" ? [width] : run.tensors[name][1];
    tensors[name] = [start, shape];
    start += shape.reduce((product, length) => product * length, 1);
  }
  const weights = new Float32Array(start), copy = { kind: /** @type {const} */ ("dense"), name: "copy", in_features: width, features: width };
  for (const name of names) {
    const [from, shape] = run.tensors[name], size = shape.reduce((product, length) => product * length, 1);
    weights.set(network.weights.subarray(from, from + size), tensors[name][0]);
  }
  for (let i = 0; i < width; i += 1) weights[tensors["copy.weight"][0] + i * (width + 1)] = 1;
  return new Network({ ...run, layers: [...kept, copy], tensors }, weights);
}
