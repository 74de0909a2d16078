/** Sentences for what is wrong with an image. */

import { PROBLEMS } from "./words.js";

/**
 * @param {import("../../base/app.js").App} app
 * @param {import("../../images/problem.js").ImageProblem} problem
 * @returns {string}
 */
export function problemText(app, { code, values }) {
  return app.words(PROBLEMS)(code, values);
}
