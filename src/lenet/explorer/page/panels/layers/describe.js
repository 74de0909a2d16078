/** Layers and their numbers in words. */

import { shapeOf } from "./fields.js";

/** @typedef {import("../../engine/network.js").Network} Network */
/** @typedef {import("../../base/words.js").Say} Say */

/**
 * The kind of a layer: Convolution, Max pooling, ReLU.
 * @param {Say} say  of the layers' words
 * @param {Network} network
 * @param {number} layer  -1: the input
 */
export function kindText(say, network, layer) {
  if (layer < 0) return say("input");
  const { kind, function: name = kind } = network.layers[layer];
  return say(kind === "activation" || kind === "pooling" ? name : kind);
}

/**
 * A layer's number and kind: 3 Convolution.
 * @param {Say} say
 * @param {Network} network
 * @param {number} layer
 */
export function layerText(say, network, layer) {
  return layer < 0 ? say("input") : say("number", { number: layer, kind: kindText(say, network, layer) });
}

/**
 * How many numbers a layer puts out, in words.
 * @param {Say} say
 * @param {Network} network
 * @param {number} layer
 */
export function sizeText(say, network, layer) {
  const [count, height, width] = shapeOf(network, layer);
  if (layer < 0) return count === 1 ? say("inputGrey", { height, width }) : say("inputMaps", { count, height, width });
  if (height !== undefined) return say("maps", { count, height, width });
  return say(layer === network.layers.length - 1 ? "logits" : "features", { count });
}

/**
 * What a layer's settings are, in words; empty where there are none.
 * @param {Say} say
 * @param {Network} network
 * @param {number} layer
 */
export function settingsText(say, network, layer) {
  if (layer < 0) return "";
  const { kind, kernel_size: kernel = 1, padding = 0, in_channels: channels = 0, channels: maps = 0 } = network.layers[layer];
  const { in_features: inputs = 0, features = 0 } = network.layers[layer];
  switch (kind) {
    case "convolution": return say("ofConvolution", { kernel, padding, parameters: maps * (channels * kernel * kernel + 1) });
    case "dense": return say("ofDense", { inputs, parameters: features * (inputs + 1) });
    case "batch-norm": return say("ofNormalization", { parameters: 2 * maps });
    case "pooling": return say("ofPooling");
    case "dropout": return say("ofDropout");
    case "flatten": return isRowAMap(network, layer) ? say("ofFlatten") : "";
    default: return "";
  }
}

/**
 * A number's place in words.
 * @param {Say} say
 * @param {Network} network
 * @param {import("./fields.js").Cell} cell
 * @param {string[]} classes
 */
export function cellText(say, network, { layer, unit, row, column }, classes) {
  const name = layerText(say, network, layer);
  if (layer < 0) return say("cellOfInput", { unit, row, column });
  if (shapeOf(network, layer).length === 3) return say("cellOfMap", { name, unit, row, column });
  return layer === network.layers.length - 1 ? say("cellOfClass", { name, label: classes[unit] ?? unit }) : say("cellOfFeature", { name, unit });
}

/** @param {Network} network @param {number} layer  whose features stand in rows, one for each map before it */
function isRowAMap(network, layer) {
  const [, height = 1, width = 1] = network.shapeBefore(layer);
  return height * width > 1;
}
