/** Where images come from: an address is SOURCE:REST, such as test:3 for the fourth of the stored test images. */

/** @typedef {import("./types.js").Shown} Shown */
/** @typedef {import("./app.js").App} App */

/** @type {Map<string, (rest: string, app: App) => Shown|null>} */
const SOURCES = new Map([
  ["test", (rest, app) => stored(app.run.images.test, rest, `test:${rest}`)],
  ["train", (rest, app) => stored(app.run.images.train, rest, `train:${rest}`)],
]);

/**
 * Adds a source of images.
 * @param {string} name
 * @param {(rest: string, app: App) => Shown|null} open  null if there is no such image
 */
export function addSource(name, open) {
  SOURCES.set(name, open);
}

/**
 * The image at an address; where there is none, the first stored one, or else an empty image.
 * @param {App} app
 * @param {string} address
 * @returns {Shown}
 */
export function imageOf(app, address) {
  const [source, ...rest] = address.split(":");
  const shown = app.held.get(address) ?? SOURCES.get(source)?.(rest.join(":"), app);
  if (shown) return shown;
  const { channels, height, width } = app.run.input;
  const empty = { address: "", pixels: new Uint8Array(channels * height * width), label: null, explained: null };
  return stored(app.run.images.test, "0", "test:0") ?? empty;
}

/**
 * The pixels of one of a set of images.
 * @param {import("./types.js").ImageSet} set
 * @param {number} number
 * @returns {Uint8Array}
 */
export function pixelsOf(set, number) {
  const size = set.pixels.values.length / set.labels.values.length;
  return set.pixels.values.subarray(number * size, (number + 1) * size);
}

/**
 * @param {import("./types.js").ImageSet|null} set
 * @param {string} rest
 * @param {string} address
 * @returns {Shown|null}
 */
function stored(set, rest, address) {
  const number = Number(rest);
  if (!set || !Number.isInteger(number) || number < 0 || number >= set.labels.values.length) return null;
  return { address, pixels: pixelsOf(set, number), label: set.labels.values[number], explained: null };
}
