/** The state of the page, and its address: what differs from the defaults stands in the URL's hash. */

/** @typedef {Record<string, string|number|null>} State */

/** What every page has; panels add entries of their own (`Panel.state`). */
export const DEFAULTS = Object.freeze({
  panel: "layers",
  image: "test:0", // where the image comes from: SOURCE:REST
  run: 0, // which of the networks
  layer: null, // of the network; null: none is chosen
  unit: null, // channel of a map or number of a feature
  row: null,
  column: null,
  snapshot: null, // number of a snapshot; null: the trained network
  units: "", // units that are switched off: LAYER.UNIT,LAYER.UNIT
  weights: "", // weights that are changed: INDEX=VALUE,INDEX=VALUE
  pixels: "", // pixels that are changed: INDEX=BYTE,INDEX=BYTE
  steps: "", // steps of the preprocessing that are switched off, by name: NAME,NAME
  lang: null,
  theme: null, // light or dark; null: as the system has it
});

/**
 * Reads a URL's hash.
 * @param {string} hash  such as "#panel=why&image=test:3"
 * @param {State} defaults  numbers and null: the entry is a number or null where the text is one
 * @returns {State}
 */
export function parse(hash, defaults) {
  /** @type {State} */
  const state = { ...defaults };
  for (const [name, text] of new URLSearchParams(hash.replace(/^#/, ""))) {
    if (!(name in defaults)) continue;
    const isText = typeof defaults[name] === "string" || !/^-?\d+(\.\d+)?$/.test(text);
    state[name] = isText ? text : Number(text);
  }
  return state;
}

/**
 * Writes a URL's hash; the same state gives the same address.
 * @param {State} state
 * @param {State} defaults
 */
export function format(state, defaults) {
  const changed = Object.keys(defaults).filter((name) => state[name] !== defaults[name] && state[name] !== null);
  const parts = changed.map((name) => `${name}=${encodeURIComponent(String(state[name])).replace(/%(2C|3A|3D)/g, decode)}`);
  return parts.length ? `#${parts.join("&")}` : "#";
}

/**
 * Reads a list of changes such as "12=0.5,30=-1".
 * @param {string} text
 * @returns {Map<number, number>}
 */
export function changes(text) {
  const pairs = text.split(",").map((part) => part.split("=").map(Number));
  return new Map(/** @type {[number, number][]} */ (pairs.filter((pair) => pair.length === 2 && pair.every(Number.isFinite))));
}

/**
 * Writes a list of changes.
 * @param {Map<number, number>} values
 */
export function changesText(values) {
  return [...values].map(([index, value]) => `${index}=${value}`).join(",");
}

/**
 * Reads the units that are switched off, such as "2.3,2.5": layer and unit.
 * @param {string} text
 * @returns {Map<number, Set<number>>}
 */
export function unitsOff(text) {
  /** @type {Map<number, Set<number>>} */
  const off = new Map();
  for (const part of text.split(",").filter(Boolean)) {
    const [layer, unit] = part.split(".").map(Number);
    if (Number.isInteger(layer) && Number.isInteger(unit)) off.set(layer, (off.get(layer) ?? new Set()).add(unit));
  }
  return off;
}

/**
 * Writes the units that are switched off.
 * @param {Map<number, Set<number>>} off
 */
export function unitsText(off) {
  return [...off].flatMap(([layer, units]) => [...units].map((unit) => `${layer}.${unit}`)).join(",");
}

/** @param {string} code */
function decode(code) {
  return decodeURIComponent(code);
}
