/**
 * From an image to the network's input, in the same steps and bits as lenet.images.preprocess on decoded pixels.
 *
 * Each step can be left out, so that it shows what it is good for. The names to switch off:
 *
 * - "find"      the whole image is taken for the object, with its ground, edges and specks
 * - "strokes"   thin strokes stay thin (framing "mass")
 * - "contrast"  ground and brightest pixel stay as they are, instead of 0 and 255
 * - "place"     the object stays where it lies in the image, instead of being centred
 * - "polarity"  an image on a light ground stays so, even if the training images have a dark one
 *
 * An image that is recognised as one of the data set's kind needs none of the first four; a whole image needs none at all.
 *
 * @typedef {import("./pixels.js").Image} Image
 * @typedef {import("./framing.js").Framed} Framed
 * @typedef {import("../base/types.js").Preprocessing} Preprocessing
 * @typedef {Image & {name: string}} Step
 * @typedef {import("./finding/reading.js").Found} Found
 * @typedef {Found & {readonly ground: Image}} FoundOnGround  with the copy as it would be without anything on its ground
 * @typedef {{seen: Uint8Array, steps: Step[], found: FoundOnGround|null}} Explained
 */

import { without } from "./finding/solids/continued.js";
import { broughtTo, withChannels } from "./fit.js";
import { frame, splitParts } from "./framing.js";
import { mean32 } from "./numbers.js";
import { corners, place, rounded, scaleToFit } from "./placing.js";
import { toFloats } from "./pixels.js";
import { flattened } from "./reduce.js";

/** The steps that can be switched off. */
export const SWITCHES = ["find", "strokes", "contrast", "place", "polarity"];
const ENOUGH = 1024; // pixels of the shorter edge: larger images are reduced by whole factors, to no less than this

/**
 * Make an image into what the network sees, and tell what was found in it, and each step.
 * @param {Image} image  decoded: 1, 3 or 4 channels
 * @param {Preprocessing} preprocessing
 * @param {Set<string>} [off]  names of steps to leave out
 * @returns {Explained}
 */
export function explain(image, preprocessing, off = new Set()) {
  const pixels = decoded(image, preprocessing);
  return explained(isWhole(preprocessing) ? whole(pixels, preprocessing) : frame(pixels, preprocessing, off));
}

/**
 * Do as `explain` for each of the parts of similar size that an image shows, left to right.
 * @param {Image} image
 * @param {Preprocessing} preprocessing
 * @param {Set<string>} [off]
 * @returns {Explained[]}
 */
export function split(image, preprocessing, off = new Set()) {
  const pixels = decoded(image, preprocessing);
  return (isWhole(preprocessing) ? [whole(pixels, preprocessing)] : splitParts(pixels, preprocessing, off)).map(explained);
}

/** @param {Preprocessing} preprocessing */
function isWhole({ framing, ground }) {
  return framing === "whole" || ground === "mixed";
}

/** The pixels of the shorter edge that are enough; a larger image is reduced. @param {Preprocessing} preprocessing */
export function enoughOf({ framing, size }) {
  return framing === "whole" ? 2 * Math.max(...size) : ENOUGH;
}

/** @param {Image} image @param {Preprocessing} preprocessing */
function decoded(image, preprocessing) {
  return flattened(image, enoughOf(preprocessing));
}

/** A whole image, brought to the network's size. @param {Image} image @param {Preprocessing} preprocessing @returns {Framed} */
function whole(image, { channels, framing, size, fit }) {
  const pixels = withChannels(image, channels);
  const isSize = pixels.height === size[0] && pixels.width === size[1];
  let seen = framing === "whole" ? broughtTo(pixels, size, fit) : pixels;
  if (framing !== "whole" && !isSize) {
    const fill = Math.trunc(mean32(corners(pixels)));
    seen = place(rounded(scaleToFit(toFloats(pixels), size)), size, "box", fill);
  }
  return { seen, found: null, steps: [["image", pixels], ["what the network sees", seen]] };
}

/** @param {Framed} framed @returns {Explained} */
function explained({ seen, found, steps }) {
  const named = steps.map(([name, image]) => ({ name, ...image }));
  return { seen: seen.data, found: found && onGround(found), steps: named };
}

/** What was found, and its ground, which is computed when it is asked for. @param {Found} found @returns {FoundOnGround} */
function onGround(found) {
  /** @type {Image|undefined} */
  let ground;
  const { copy, kept, dropped } = found;
  const hidden = { ...kept, data: kept.data.map((value, i) => value | dropped.data[i]) };
  const get = () => (ground ??= without(copy, hidden));
  return Object.defineProperty(/** @type {FoundOnGround} */ ({ ...found }), "ground", { get });
}
