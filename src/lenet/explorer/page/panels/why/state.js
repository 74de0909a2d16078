/** What the panel asks about, as the page's state says: two classes, and what covers the image. */

/** @typedef {import("../../base/app.js").App} App */

/** The entries of the page's address. */
export const STATE = {
  for: null, // the class that is asked about; null: the answer
  against: null, // the class it is compared with; null: the label of a mistake, else the second most probable class
  patch: 5, // edge of the covered square
  place: null, // that is pinned: row · width + column
  slope: "times", // or plain: the gradient alone
  slopeOf: "lead", // or class: of the logit of the class alone
};
export const PATCHES = [1, 3, 5, 7, 9];

/**
 * The two classes: the one that is asked about, and the one that it is compared with.
 * @param {App} app
 * @returns {{a: number, b: number}}
 */
export function classesAsked(app) {
  const { answer, image, run, state } = app, count = run.classes.length;
  const valid = (/** @type {any} */ label) => (Number.isInteger(label) && label >= 0 && label < count ? label : null);
  const a = valid(state.for) ?? answer.label;
  const order = Array.from(answer.probabilities, (_, label) => label).sort((i, k) => answer.probabilities[k] - answer.probabilities[i]);
  const usual = a === answer.label && image.label !== null && image.label !== a ? image.label : order.find((label) => label !== a) ?? a;
  const b = valid(state.against) ?? usual;
  return { a, b: b === a ? usual : b };
}

/** The edge of the covered square. @param {App} app */
export function patchOf(app) {
  const edge = Number(app.state.patch);
  return PATCHES.includes(edge) ? edge : 5;
}
