/**
 * The ground around a solid object: the flat zones at the image's border, continued below the object; as
 * lenet.images.finding.ground.
 *
 * Light that falls unevenly, soft shadows and vignettes change the ground slowly, the outline of an object changes it at once.
 * So flat zones, between which the brightness changes steeply, are ground where they lie at the border and resemble each other.
 */

import { median, quantile } from "../../numbers.js";
import { cropped } from "../../pixels.js";
import { label } from "../components.js";
import { blurred, eroded } from "../filters.js";
import { lengths } from "./colours.js";
import { continued } from "./continued.js";
import { groundZones, withoutPaleParts } from "./zones.js";

/**
 * @typedef {import("../../pixels.js").Mask} Mask
 * @typedef {import("../../pixels.js").Floats} Floats
 */

const STEEP = 0.12; // of the steepest slopes of an image: what separates zones
const FAINT = 0.04; // of the steepest slopes: what outlines parts that are nearly as bright as the ground

/**
 * Find the ground of an image.
 * @param {Floats} image  some hundred pixels along each edge
 * @returns {{ground: Floats, seen: Mask}} the ground's colour everywhere, and where it is seen
 */
export function findGround(image) {
  const steep = slopes(blurred(image, 1));
  const strong = quantile(steep.data, 0.99);
  const usual = Math.min(median(steep.data), median(ringOf(steep)));
  const flat = Math.max(Math.min(4 * usual, Math.max(0.3 * strong, 1.5 * usual)), STEEP * strong, 1);
  const even = Math.max(4 * usual, FAINT * strong, 1);
  const seen = withoutPaleParts(image, groundZones(image, label(atMost(steep, flat))), atMost(steep, even));
  const inner = eroded(seen, 1);
  return { ground: continued(image, inner.data.includes(1) ? inner : seen), seen };
}

/**
 * How much the colour changes to the next pixel below or on the right, whichever is more.
 * @param {Floats} image
 * @returns {Floats} with one channel
 */
function slopes({ width, height, channels, data }) {
  const [down, across] = [new Float32Array(data.length), new Float32Array(data.length)];
  const row = width * channels;
  for (let i = 0; i < data.length; i++) {
    if (i + row < data.length) down[i] = data[i + row] - data[i];
    if ((i % row) + channels < row) across[i] = data[i + channels] - data[i];
  }
  const [steep, sideways] = [lengths(down, channels), lengths(across, channels)];
  for (let i = 0; i < steep.length; i++) if (sideways[i] > steep[i]) steep[i] = sideways[i];
  return { width, height, channels: 1, data: steep };
}

/** The values along the border, a twentieth of the shorter edge deep; in the corners twice. @param {Floats} image */
function ringOf(image) {
  const { width, height } = image;
  const ring = Math.max(1, Math.floor(Math.min(width, height) / 20));
  const whole = { top: 0, bottom: height, left: 0, right: width };
  const sides = [{ bottom: ring }, { top: height - ring }, { right: ring }, { left: width - ring }];
  return Float32Array.from(sides.flatMap((side) => [...cropped(image, { ...whole, ...side }).data]));
}

/**
 * Where an image's values are no greater than a limit.
 * @param {Floats} image
 * @param {number} limit
 * @returns {Mask}
 */
function atMost({ width, height, data }, limit) {
  const most = Math.fround(limit);
  const result = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) result[i] = Number(data[i] <= most);
  return { width, height, data: result };
}
