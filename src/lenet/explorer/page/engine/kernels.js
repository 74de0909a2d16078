/** The kernels as WebAssembly. */

/** The module of the kernels, and what it computes. */
export class Kernels {
  /**
   * Compiles the module.
   * @param {import("../base/types.js").Numbers} bytes
   * @returns {Promise<Kernels>}
   */
  static async load(bytes) {
    const { instance } = await WebAssembly.instantiate(/** @type {any} */ (bytes), {});
    return new Kernels(/** @type {any} */ (instance.exports));
  }

  /** @param {any} exported */
  constructor(exported) {
    this.exported = exported;
  }
}
