/** What is wrong with an image: a code, and values for the sentence that the page makes of it. */

/** An image that shows nothing, or that cannot be used. */
export class ImageProblem extends Error {
  /**
   * @param {string} code  of an image: "empty", it has no pixels; "alike", all are alike; "faint", they differ by
   *   `values.difference` at most; "nothing" stands out from the background; "alpha", a number of channels that no image has.
   *   Of a drawing: "undrawn". Of a file (files/decode.js): "unknown", "damaged", "heic", "tiff", "large", "long",
   *   "bytes", "readback".
   * @param {Record<string, number|string>} [values]
   */
  constructor(code, values = {}) {
    super(code);
    this.name = "ImageProblem";
    this.code = code;
    this.values = values;
  }
}
