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
  const width = widthOf(network, layer), start = network.weights.length;
  const copy = { kind: /** @type {const} */ ("dense"), name: "copy", in_features: width, features: width };
  const weights = new Float32Array(start + width * width + width);
  weights.set(network.weights);
  for (let i = 0; i < width; i += 1) weights[start + i * (width + 1)] = 1;
  /** @type {Record<string, [number, number[]]>} */
  const tensors = { ...network.run.tensors, "copy.weight": [start, [width, width]], "copy.bias": [start + width * width, [width]] };
  return new Network({ ...network.run, layers: [...network.layers.slice(0, layer), copy], tensors }, weights);
}
