/** Changing one weight: by a slider, or as a number. */

import { fill, h } from "../../base/dom.js";
import { floatText } from "../../base/floats.js";
import { farthest } from "../../charts/maps.js";
import { setWeight, tensorOf } from "./changes.js";
import { WORDS } from "./words.js";

const STEPS = 1000;

/**
 * The editor of the weight that the state has chosen.
 * @param {import("../../base/app.js").App} app
 */
export function weightEditor(app) {
  const element = h("div", { class: "weight-editor row" }), say = app.words(WORDS);
  let key = "", far = 1;
  const slider = h("input", { type: "range", min: -STEPS, max: STEPS, step: 1 });
  const number = h("input", { type: "number", step: "any" });
  const change = (/** @type {number} */ value, isPassing = false) =>
    Number.isFinite(value) && setWeight(app, Number(app.state.weight), Number(floatText(Math.fround(value))), isPassing);
  slider.addEventListener("input", () => change(Number(((far * Number(slider.value)) / STEPS).toPrecision(4)), true));
  slider.addEventListener("change", () => app.set({}));
  number.addEventListener("change", () => number.value !== "" && change(Number(number.value)));
  const update = () => {
    const { weight } = app.state, found = weight === null ? null : tensorOf(app.run.tensors, Number(weight));
    element.hidden = !found;
    if (!found) {
      key = "";
      return;
    }
    const originals = app.weightsOf(app.runNumber), original = originals[Number(weight)], value = app.network.weights[Number(weight)];
    if (key !== `${app.runNumber} ${weight} ${original}`) {
      key = `${app.runNumber} ${weight} ${original}`;
      far = 2 * (farthest(originals, found.start, found.start + found.length) || 0.5);
      const name = say("weight", { tensor: found.tensor, place: found.place.join(", ") });
      slider.setAttribute("aria-label", say("slider", { name }));
      fill(element, h("b", {}, name), slider, h("label", {}, `${say("value")} `, number),
        h("button", { onclick: () => change(0) }, say("zero")),
        h("button", { onclick: () => setWeight(app, Number(weight), null) }, say("original", { value: floatText(original) })),
        h("button", { onclick: () => app.set({ weight: null }) }, say("close")));
    }
    const place = String(Math.round((value / far) * STEPS));
    if (document.activeElement !== slider) slider.value = place;
    if (number.value !== floatText(value)) number.value = floatText(value);
    slider.setAttribute("aria-valuetext", floatText(value));
  };
  return { element, update };
}
