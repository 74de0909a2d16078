/** The images that a training in the page has: those that the page holds of the run's data set. */

/** @typedef {import("../../base/types.js").Run} Run */
/** @typedef {import("../../training/trainer.js").Images} Images */

const HELD_OUT = 5; // every fifth image is tested on

/**
 * Divides the page's images into those to train on and those to test on.
 * @param {Run} run
 * @returns {{images: Images, test: Images}|null} null if there are too few
 */
export function imagesOf(run) {
  const sets = [run.images.test, run.images.train].filter((set) => set !== null);
  const labels = sets.flatMap((set) => Array.from(set.labels.values));
  if (labels.length < 4 * HELD_OUT) return null;
  const { channels, height, width } = run.input, size = channels * height * width;
  const part = (/** @type {Uint8Array} */ pixels, /** @type {number} */ i) => pixels.subarray(i * size, (i + 1) * size);
  const parts = sets.flatMap(({ labels: of, pixels }) => Array.from(of.values, (_, i) => part(pixels.values, i)));
  const chosen = (/** @type {boolean} */ isTest) => {
    const places = labels.map((_, i) => i).filter((i) => (i % HELD_OUT === HELD_OUT - 1) === isTest);
    const pixels = new Uint8Array(places.length * size);
    places.forEach((place, i) => pixels.set(parts[place], i * size));
    return { pixels, labels: Int32Array.from(places, (place) => labels[place]) };
  };
  return { images: chosen(false), test: chosen(true) };
}
