/** Colours and signs of classes: distinct for colour-blind readers by hue and lightness, and by a character besides. */

/** @type {Record<string, string[]>} */
const COLOURS = { // Paul Tol's muted scheme and grey, darker on white and lighter on black
  light: ["#332288", "#117733", "#882255", "#0a7f9c", "#8a6d00", "#cc3311", "#aa4499", "#4d6fa8", "#5c5c1f", "#555555"],
  dark: ["#a9a2ff", "#6fd08c", "#ff8fb4", "#88ccee", "#ddcc77", "#ff9466", "#e29bd6", "#b5cdf5", "#c4c46a", "#d0d0d0"],
};
const SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/**
 * The colour of a class; from the eleventh on they repeat, and the signs tell classes apart.
 * @param {number} label
 * @param {string} theme
 */
export function classColour(label, theme) {
  return COLOURS[theme][label % COLOURS[theme].length];
}

/**
 * A character for each class: the name's own where all names are single characters, else its number in one character.
 * @param {string[]} classes
 * @returns {string[]}
 */
export function classSigns(classes) {
  const isOwn = classes.every((name) => [...name].length === 1);
  return classes.map((name, label) => (isOwn ? name : SIGNS[label] ?? "•"));
}
