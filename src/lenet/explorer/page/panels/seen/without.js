/** What the answer would be without each of the steps. */

import { embeddingOf, judge } from "../../engine/doubt.js";
import { ImageProblem } from "../../images/problem.js";
import { SWITCHES, explain } from "../../images/preprocess.js";
import { inSlices } from "../../base/slices.js";

/** @typedef {import("../../base/app.js").App} App */
/** @typedef {import("../../images/pixels.js").Image} Image */
/**
 * An answer, and what it was given for; or what is wrong with the image.
 * @typedef {{pixels: Uint8Array|null, label: number, probability: number, isUnknown: boolean, problem: ImageProblem|null}} Outcome
 */

/**
 * The answer for what the network would see.
 * @param {App} app
 * @param {Uint8Array} pixels
 * @returns {Outcome}
 */
export function outcomeOf(app, pixels) {
  const { network, run: { calibration } } = app, outputs = network.forward(pixels, app.off);
  const judged = judge(calibration, outputs[outputs.length - 1], calibration ? embeddingOf(network, outputs, calibration) : null);
  const probability = Math.max(...judged.probabilities);
  return { pixels, label: judged.probabilities.indexOf(probability), probability, isUnknown: judged.isUnknown, problem: null };
}

/**
 * The outcomes without any of the steps: first with all of them, then without each alone; computed in slices.
 * @param {App} app
 * @param {Image} original
 * @returns {import("../../base/slices.js").Job<Outcome[]>}
 */
export function outcomesOf(app, original) {
  const { network, run } = app;
  return inSlices(app, "seen without", [original, network, run, app.state.units], function* () {
    /** @type {Outcome[]} */
    const outcomes = [];
    for (const off of [[], ...SWITCHES.map((name) => [name])]) {
      outcomes.push(outcomeWithout(app, original, new Set(off)));
      yield outcomes.length / (SWITCHES.length + 1);
    }
    return outcomes;
  });
}

/**
 * @param {App} app
 * @param {Image} original
 * @param {Set<string>} off
 * @returns {Outcome}
 */
function outcomeWithout(app, original, off) {
  try {
    return outcomeOf(app, explain(original, app.run.preprocessing, off).seen);
  } catch (problem) {
    if (!(problem instanceof ImageProblem)) throw problem;
    return { pixels: null, label: 0, probability: 0, isUnknown: false, problem };
  }
}
