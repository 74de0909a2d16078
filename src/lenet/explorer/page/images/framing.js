/**
 * Placing the object of an image as in the training images, as lenet.images.framing does it.
 *
 * An image of the network's own size that is framed like the training images goes in as it is, bit for bit, and one that is
 * so but for its place is moved. In any other, the object is found (`finding/`), brought to the training images' size, its
 * contrast stretched, and placed in the middle. Each of this can be switched off: see `preprocess.js`.
 *
 * @typedef {import("./pixels.js").Image} Image
 * @typedef {import("./pixels.js").Mask} Mask
 * @typedef {import("./pixels.js").Floats} Floats
 * @typedef {import("./pixels.js").Box} Box
 * @typedef {import("./finding/search.js").Sight} Sight
 * @typedef {import("../base/types.js").Preprocessing} Preprocessing
 * @typedef {{seen: Image, found: Sight["found"]|null, steps: [string, Image][]}} Framed
 */

import { chosen } from "./finding/reading.js";
import { checkContrast, copied, search } from "./finding/search.js";
import { fitted } from "./finding/solids/soft_edges.js";
import { argmax, sum32 } from "./numbers.js";
import { innerSize, isLight, place, placedAt, rounded, scaleToFit, stretchContrast } from "./placing.js";
import { inverted, toFloats, toGrey } from "./pixels.js";
import { recognised } from "./recognising.js";
import { thickened } from "./strokes.js";

/**
 * Find the object in an image and place it as in the training images.
 * @param {Image} image  with 1 or 3 channels
 * @param {Preprocessing} preprocessing
 * @param {Set<string>} off  the names of steps to leave out
 * @returns {Framed}
 */
export function frame(image, preprocessing, off) {
  const sight = look(image, preprocessing, off);
  if (!("reading" in sight)) return sight;
  const { kept, parts, relief } = sight.reading;
  if (preprocessing.framing !== "box" || parts.length < 2) return framed(image, sight, kept, preprocessing, off);
  const masses = parts.map((part) => sum32(chosen(relief.data, part.data)));
  return framed(image, sight, parts[argmax(masses)], preprocessing, off); // a pair of shoes is no bag
}

/**
 * Do as `frame` for each of the parts of similar size that an image shows, left to right.
 * @param {Image} image
 * @param {Preprocessing} preprocessing
 * @param {Set<string>} off
 * @returns {Framed[]}
 */
export function splitParts(image, preprocessing, off) {
  const sight = look(image, preprocessing, off);
  if (!("reading" in sight)) return [sight];
  const { kept, parts } = sight.reading;
  return (parts.length < 2 ? [kept] : parts).map((part) => framed(image, sight, part, preprocessing, off));
}

/**
 * What is found in an image; or the whole image framed, if it is recognised, or nothing is to be found.
 * @param {Image} image
 * @param {Preprocessing} preprocessing
 * @param {Set<string>} off
 * @returns {Sight|Framed}
 */
function look(image, preprocessing, off) {
  checkContrast(image);
  const ready = recognised(image, preprocessing);
  if (!ready) return off.has("find") ? framedWhole(image, preprocessing, off) : search(image, preprocessing.framing);
  const seen = finished(ready, image, preprocessing, off);
  return { seen, found: null, steps: [["image", image], ["what the network sees", seen]] };
}

/**
 * A part of what was found, placed as in the training images.
 * @param {Image} image
 * @param {Sight} sight
 * @param {Mask} part
 * @param {Preprocessing} preprocessing
 * @param {Set<string>} off
 * @returns {Framed}
 */
function framed(image, sight, part, preprocessing, off) {
  const { found, reading } = sight;
  const box = part === reading.kept ? found.box : found.parts[reading.parts.indexOf(part)];
  const steps = stepsOf(image, sight.relief(part), reading.noise, box, preprocessing, off);
  return { seen: steps[2][1], found, steps: [["image", found.copy], ...steps] };
}

/**
 * The whole image placed like an object: what `frame` does without finding one.
 * @param {Image} image
 * @param {Preprocessing} preprocessing
 * @param {Set<string>} off
 * @returns {Framed}
 */
function framedWhole(image, preprocessing, off) {
  const { copy } = copied(image);
  const grey = toGrey(copy);
  const relief = toFloats(isLight(grey) ? inverted(grey) : grey);
  const box = { top: 0, bottom: image.height, left: 0, right: image.width };
  const steps = stepsOf(image, relief, 0, box, preprocessing, off);
  return { seen: steps[2][1], found: null, steps: [["image", copy], ...steps] };
}

/**
 * The object, the object scaled, and what the network sees.
 * @param {Image} image
 * @param {Floats} relief  how far the object rises above its ground
 * @param {number} noise
 * @param {Box} box  where the object lies in the image
 * @param {Preprocessing} preprocessing
 * @param {Set<string>} off
 * @returns {[string, Image][]}
 */
function stepsOf(image, relief, noise, box, preprocessing, off) {
  const { size, framing } = preprocessing;
  const object = framing === "mass" && !off.has("strokes") ? thickened(relief) : relief;
  const levels = (/** @type {Floats} */ values) => (off.has("contrast") ? rounded(values) : stretchContrast(values, noise));
  const fit = framing === "box" ? fitted : scaleToFit;
  const scaled = levels(fit(object, innerSize(size, framing)));
  const placed = off.has("place") ? placedAt(scaled, size, startOf(scaled, size, box, image)) : place(scaled, size, framing);
  const seen = finished(placed, image, preprocessing, off);
  return [["object", levels(object)], ["scaled", scaled], ["what the network sees", seen]];
}

/**
 * Where a scaled object starts if it is as far from the edges as in the image.
 * @param {Image} scaled
 * @param {[number, number]} size
 * @param {Box} box
 * @param {Image} image
 * @returns {[number, number]}
 */
function startOf(scaled, size, box, image) {
  const down = (box.top + box.bottom) / 2 / image.height;
  const across = (box.left + box.right) / 2 / image.width;
  return [Math.round(down * size[0] - scaled.height / 2), Math.round(across * size[1] - scaled.width / 2)];
}

/**
 * What the network sees of an object on black: on the ground of the training images, or else on one like the image's own.
 * @param {Image} dark
 * @param {Image} image
 * @param {Preprocessing} preprocessing
 * @param {Set<string>} off
 * @returns {Image}
 */
function finished(dark, image, preprocessing, off) {
  const isOnLight = off.has("polarity") ? isLight(toGrey(image)) : preprocessing.ground === "light";
  return isOnLight ? inverted(dark) : dark;
}
