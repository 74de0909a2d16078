/**
 * Colours for numbers, safe for colour-blind readers: a diverging scale from blue over neutral to orange for what has a sign,
 * after ColorBrewer's PuOr and RdBu in their blue and orange halves, and a sequential one for what has none. In the dark theme
 * the neutral middle is dark.
 */

/** @typedef {[number, number, number]} Colour */

/** @type {Record<string, {diverging: Colour[], sequential: Colour[]}>} */
const STOPS = {
  light: {
    diverging: [[5, 48, 97], [67, 147, 195], [247, 247, 247], [224, 130, 20], [127, 59, 8]],
    sequential: [[255, 255, 255], [146, 197, 222], [5, 48, 97]],
  },
  dark: {
    diverging: [[166, 214, 255], [44, 123, 200], [24, 27, 33], [214, 120, 20], [255, 214, 150]],
    sequential: [[24, 27, 33], [44, 123, 200], [200, 230, 255]],
  },
};
export const LEVELS = 511; // an odd number, so that zero has a colour of its own

/** @type {Map<string, Uint32Array>} */
const TABLES = new Map();

/**
 * The colours of a scale, as little-endian RGBA words for ImageData.
 * @param {"diverging"|"sequential"|"grey"} kind
 * @param {string} theme
 * @returns {Uint32Array}
 */
export function table(kind, theme) {
  const name = `${kind} ${theme}`;
  let colours = TABLES.get(name);
  if (!colours) {
    colours = Uint32Array.from({ length: LEVELS }, (_, level) => word(colour(kind, theme, level / (LEVELS - 1))));
    TABLES.set(name, colours);
  }
  return colours;
}

/**
 * The colour at a share of a scale.
 * @param {"diverging"|"sequential"|"grey"} kind
 * @param {string} theme
 * @param {number} share  from 0 to 1; 0.5 is zero of a diverging scale
 * @returns {Colour}
 */
export function colour(kind, theme, share) {
  if (kind === "grey") return /** @type {Colour} */ (Array(3).fill(Math.round(255 * share)));
  const stops = STOPS[theme][kind], at = share * (stops.length - 1);
  const low = Math.min(Math.floor(at), stops.length - 2), rest = at - low;
  return /** @type {Colour} */ (stops[low].map((from, i) => Math.round(from + (stops[low + 1][i] - from) * rest)));
}

/**
 * @param {Colour} rgb
 * @returns {string} for CSS and SVG
 */
export function css([red, green, blue]) {
  return `rgb(${red}, ${green}, ${blue})`;
}

/** @param {Colour} rgb */
function word([red, green, blue]) {
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}
