/** The CPU engine's kernels as WebAssembly: logits of many images at once, and steps of a training. */

import { Memory, SIZES } from "./memory.js";

/** @typedef {import("./network.js").Network} Network */

/** The module of the kernels; its memory holds what it computes with. */
export class Kernels {
  /**
   * Compiles the module.
   * @param {import("../base/types.js").Numbers|ArrayBuffer} bytes
   * @returns {Promise<Kernels>}
   * @throws if the browser has no WebAssembly with vectors
   */
  static async load(bytes) {
    const { instance } = await WebAssembly.instantiate(/** @type {BufferSource} */ (bytes), {});
    return new Kernels(instance);
  }

  /** @param {WebAssembly.Instance} instance */
  constructor(instance) {
    /** @type {any} */
    this.exported = instance.exports;
    this.memory = new Memory(this.exported.memory, this.exported.__heap_base.value);
    const sizes = this.memory.take(16);
    this.exported.lenet_sizes(sizes);
    const known = new Int32Array(this.exported.memory.buffer, sizes, 4);
    if (SIZES.some((size, i) => size !== known[i])) throw new Error("the kernels have another interface than the page");
  }

  /**
   * Computes the logits of images.
   * @param {Network} network
   * @param {Uint8Array} pixels  (count, height, width, channels)
   * @param {number} count
   * @returns {Float32Array} (count, classes)
   */
  logits(network, pixels, count) {
    const { memory, exported } = this, begin = memory.end, { run, weights } = network;
    const described = memory.network(run), images = memory.images(memory.place(pixels), 0, run.preprocessing);
    const classes = network.shapes[network.shapes.length - 1][0], vector = memory.place(weights);
    const out = memory.take(4 * count * classes), space = this.space(described, count, false);
    exported.lenet_logits(0, described, images, BigInt(count), vector, out, space, 1);
    memory.end = begin;
    return memory.floats(out, count * classes).slice();
  }

  /**
   * Takes room for the kernels to compute in.
   * @param {number} described  the address of the network
   * @param {number} count  of images, or of a batch
   * @param {boolean} isTraining
   * @returns {number} its address
   */
  space(described, count, isTraining) {
    return this.memory.take(Number(this.exported.lenet_workspace_size(0, described, BigInt(count), 1, isTraining ? 1 : 0)));
  }
}
