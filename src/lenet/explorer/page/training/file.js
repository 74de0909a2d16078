/** A trained network as a weights file that lenet opens: safetensors, with the network's description in the metadata. */

/** @typedef {import("./trainer.js").Task} Task */

/**
 * Measures mean and standard deviation of all pixels, as shares of 255; of images of a single grey the std is 1.
 * @param {Uint8Array} pixels
 * @returns {{mean: number, std: number}}
 */
export function meanAndStd(pixels) {
  let total = 0, squares = 0;
  for (const pixel of pixels) {
    total += pixel;
    squares += pixel * pixel;
  }
  const count = BigInt(pixels.length), difference = count * BigInt(squares) - BigInt(total) ** 2n;
  const std = Math.sqrt(Number(difference)) / pixels.length / 255;
  return { mean: total / pixels.length / 255, std: std > 1e-6 ? std : 1 };
}

/**
 * Returns what a weights file says of a network, as TrainedNetwork.to_dict does.
 * @param {Task} task
 */
export function description({ settings, classes, input, preprocessing }) {
  const { model: name, activation, pooling, padding } = settings, { channels, height, width } = input;
  const sizes = { input_size: [height, width], num_classes: classes.length, ...(channels > 1 ? { in_channels: channels } : {}) };
  return { model: { name, arguments: { activation, pooling, padding, ...sizes } }, classes, preprocessing };
}

/**
 * Returns the content of a weights file.
 * @param {Record<string, [number, number[]]>} tensors
 * @param {Float32Array} weights
 * @param {object} described  what `description` returned
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function weightsFile(tensors, weights, described) {
  /** @type {Record<string, object>} */
  const header = { __metadata__: { lenet: JSON.stringify(described) } };
  for (const [name, [start, shape]] of Object.entries(tensors)) {
    const stop = start + shape.reduce((a, b) => a * b, 1);
    header[name] = { dtype: "F32", shape, data_offsets: [4 * start, 4 * stop] };
  }
  let text = new TextEncoder().encode(JSON.stringify(header));
  if (text.length % 8) text = new TextEncoder().encode(JSON.stringify(header) + " ".repeat(8 - (text.length % 8)));
  const content = new Uint8Array(8 + text.length + weights.byteLength);
  new DataView(content.buffer).setBigUint64(0, BigInt(text.length), true);
  content.set(text, 8);
  content.set(new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength), 8 + text.length);
  return content;
}
