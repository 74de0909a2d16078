/** The memory of the kernels' module, and the structures of engines/kernels/interface.h in it. */

const ALIGNMENT = 64;
const PAGE = 65536;
const MAX_LAYERS = 32;
const KINDS = ["convolution", "batch-norm", "activation", "pooling", "global-pooling", "dropout", "flatten", "dense"];
const ACTIVATIONS = ["sigmoid", "tanh", "relu", "scaled-tanh", "leaky-relu"];
const POOLINGS = ["max", "avg"];

/** Bytes of lenet_network, lenet_images, lenet_plan and lenet_optimizer, to be compared with the module's. */
export const SIZES = [16 + 28 * MAX_LAYERS, 32, 56, 96];

/** @typedef {Uint8Array|Float32Array|Float64Array|Int32Array|BigInt64Array} Values */
/** @typedef {{weights: number, gradient: number, first: number, second: number, rates: number, corrections: number[]}} Vectors */

/** Arrays, one behind the other; those behind a mark are given up together. */
export class Memory {
  /**
   * @param {WebAssembly.Memory} memory
   * @param {number} begin  the first address that is the caller's
   */
  constructor(memory, begin) {
    this.memory = memory;
    this.end = Math.ceil(begin / ALIGNMENT) * ALIGNMENT;
  }

  /**
   * Returns the address of some new bytes, which are not cleared.
   * @param {number} bytes
   */
  take(bytes) {
    const address = this.end;
    this.end += Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    const missing = this.end - this.memory.buffer.byteLength;
    if (missing > 0) this.memory.grow(Math.ceil(missing / PAGE));
    return address;
  }

  /**
   * Returns the address of a copy of an array.
   * @param {Values} values
   */
  place(values) {
    const address = this.take(values.byteLength);
    new Uint8Array(this.memory.buffer, address).set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    return address;
  }

  /**
   * Returns a view of floats in the memory, which is good until more memory is taken.
   * @param {number} address
   * @param {number} count
   */
  floats(address, count) {
    return new Float32Array(this.memory.buffer, address, count);
  }

  /**
   * Returns the address of a lenet_network.
   * @param {import("./network.js").Described} run
   */
  network(run) {
    const { layers, input } = run, view = this.structure(SIZES[0]);
    [input.channels, input.height, input.width, layers.length].forEach((value, i) => view.setInt32(4 * i, value, true));
    layers.forEach((layer, i) => {
      const { kind, function: name = "", channels = 0, features = 0, kernel_size: kernel = 0, padding = 0 } = layer;
      const code = kind === "pooling" ? POOLINGS.indexOf(name) : kind === "activation" ? ACTIVATIONS.indexOf(name) : 0;
      const outputs = kind === "convolution" ? channels : kind === "dense" ? features : 0;
      const values = [KINDS.indexOf(kind), code, outputs, kernel, padding];
      values.forEach((value, k) => view.setInt32(16 + 28 * i + 4 * k, value, true));
    });
    return view.byteOffset;
  }

  /**
   * Returns the address of a lenet_images.
   * @param {number} pixels  an address
   * @param {number} labels  an address of 64-bit numbers, or 0
   * @param {{mean: number, std: number}} preprocessing
   */
  images(pixels, labels, { mean, std }) {
    const view = this.structure(SIZES[1]);
    view.setUint32(0, pixels, true);
    view.setUint32(4, labels, true);
    view.setFloat32(8, mean, true);
    view.setFloat32(12, std, true);
    view.setInt32(16, mean === 0 && std === 1 ? 1 : 0, true);
    return view.byteOffset;
  }

  /**
   * Returns the address of a lenet_plan.
   * @param {number} order  an address of 64-bit numbers
   * @param {number} shifts  the same, or 0
   * @param {number} count
   * @param {number} batchSize
   */
  plan(order, shifts, count, batchSize) {
    const view = this.structure(SIZES[2]);
    view.setUint32(0, order, true);
    view.setUint32(8, shifts, true);
    view.setBigInt64(32, BigInt(count), true);
    view.setBigInt64(40, BigInt(batchSize), true);
    return view.byteOffset;
  }

  /**
   * Returns the address of a lenet_optimizer.
   * @param {import("../training/recipes.js").Settings} settings
   * @param {Vectors} vectors  addresses; 0 for those that there are not
   */
  optimizer(settings, vectors) {
    const view = this.structure(SIZES[3]);
    view.setInt32(0, ["sgd", "adam", "adamw"].indexOf(settings.optimizer), true);
    view.setFloat64(8, 0.9, true);
    view.setFloat64(16, 0.999, true);
    view.setFloat32(28, 1e-8, true);
    view.setFloat32(32, settings.weightDecay, true);
    view.setFloat32(36, settings.labelSmoothing, true);
    view.setFloat32(44, 1, true);
    const { weights, gradient, first, second, rates, corrections } = vectors;
    [weights, gradient, first, second, rates, ...corrections].forEach((value, i) => view.setUint32(52 + 4 * i, value, true));
    return view.byteOffset;
  }

  /**
   * A new structure of zeros.
   * @param {number} size
   * @returns {DataView}
   */
  structure(size) {
    const address = this.take(size);
    new Uint8Array(this.memory.buffer, address, size).fill(0);
    return new DataView(this.memory.buffer, address, size);
  }
}
