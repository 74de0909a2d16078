/** Histograms, and the doctor's rules for dead and saturated units (doctor/unit_checks.py). */

/** Of the range of an activation: nearer to its ends, a unit is saturated. */
const EDGE = 0.01;
/** Of the units of a layer: if more are dead or saturated, the doctor reports it. */
export const UNIT_SHARE = 0.5;
export const BINS = 40;
/** @type {Record<string, [number, number]>} */
const RANGES = { sigmoid: [0, 1], tanh: [-1, 1], "scaled-tanh": [-1.7159, 1.7159] };

/**
 * Counts numbers in bins of equal width; the last one includes its upper end, as in NumPy.
 * @param {ArrayLike<number>} values
 * @param {number} low
 * @param {number} high
 * @param {number} [bins]
 * @returns {number[]}
 */
export function histogram(values, low, high, bins = BINS) {
  const counts = Array(bins).fill(0), [from, to] = low < high ? [low, high] : [low - 0.5, low + 0.5], factor = bins / (to - from);
  for (let i = 0; i < values.length; i += 1) {
    const bin = Math.floor((values[i] - from) * factor);
    if (bin >= 0 && bin < bins) counts[bin] += 1;
    else if (values[i] === to) counts[bins - 1] += 1;
  }
  return counts;
}

/**
 * The smallest and the largest of some numbers.
 * @param {ArrayLike<number>} values
 * @returns {[number, number]}
 */
export function extremes(values) {
  let low = Infinity, high = -Infinity;
  for (let i = 0; i < values.length; i += 1) {
    if (values[i] < low) low = values[i];
    if (values[i] > high) high = values[i];
  }
  return values.length ? [low, high] : [0, 0];
}

/**
 * The values of one unit in all images and at all its places.
 * @param {ArrayLike<number>} values  (images, units, places)
 * @param {number} units
 * @param {number} places
 * @param {number} unit
 * @returns {Float32Array}
 */
export function valuesOf(values, units, places, unit) {
  const images = values.length / (units * places), own = new Float32Array(images * places);
  for (let image = 0; image < images; image += 1) {
    for (let place = 0; place < places; place += 1) own[image * places + place] = values[(image * units + unit) * places + place];
  }
  return own;
}

/**
 * What is wrong with a unit, by the doctor's rules: dead, saturated, or null.
 * @param {string|undefined} activation  the function of its layer
 * @param {ArrayLike<number>} own  all values of the unit
 * @returns {"dead"|"saturated"|null}
 */
export function stateOf(activation, own) {
  const every = (/** @type {(value: number) => boolean} */ holds) => {
    for (let i = 0; i < own.length; i += 1) if (!holds(own[i])) return false;
    return true;
  };
  if (activation === "relu") return every((value) => value === 0) ? "dead" : null;
  const range = RANGES[activation ?? ""];
  if (!range) return null;
  const [low, high] = range, margin = Math.fround(EDGE * (high - low));
  return every((value) => value < low + margin || value > high - margin) ? "saturated" : null;
}
