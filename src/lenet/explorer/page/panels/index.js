/** The panels of the page, in their order. */

/** @type {import("../base/types.js").Panel[]} */
export const PANELS = [];
