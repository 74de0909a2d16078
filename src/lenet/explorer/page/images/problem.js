/** What is wrong with an image: a code, and values for the sentence that the page makes of it. */

/** An image that shows nothing, or that cannot be used. */
export class ImageProblem extends Error {
  /**
   * @param {"empty"|"alike"|"faint"|"nothing"|"alpha"} code  no pixels; all alike; they differ by `values.difference` at most;
   *   nothing stands out from the background; a number of channels that no image has
   * @param {Record<string, number|string>} [values]
   */
  constructor(code, values = {}) {
    super(code);
    this.name = "ImageProblem";
    this.code = code;
    this.values = values;
  }
}
