/** The choices of a training: recipe, learning rate, activation, pooling, epochs and seed; all of them in the address. */

import { h } from "../../base/dom.js";
import { RECIPES } from "../../training/recipes.js";

/** @typedef {import("../../base/app.js").App} App */
/** @typedef {import("../../training/recipes.js").Settings} Settings */

/** The entries of the address; null leaves a choice to the recipe. @type {Record<string, string|number|null>} */
export const STATE = { images: "page", recipe: "fast", rate: null, activation: null, pooling: null, epochs: null, seed: 0 };

const ACTIVATIONS = ["sigmoid", "tanh", "relu", "scaled-tanh", "leaky-relu"];
const POOLINGS = ["max", "avg"];
const SOURCES = ["page", "digits"];
const TEXTS = ["images", "recipe", "activation", "pooling"]; // the entries that are no numbers
const EPOCHS = 30; // of a training with so few images, where the address has no other number
const MOST_EPOCHS = 10_000;

/**
 * The settings that the address says.
 * @param {App} app
 * @returns {Settings}
 */
export function settingsOf({ state }) {
  const recipe = RECIPES[String(state.recipe)] ?? RECIPES.fast;
  const one = (/** @type {string} */ name, /** @type {string[]} */ of, /** @type {string} */ otherwise) => (
    of.includes(String(state[name])) ? String(state[name]) : otherwise);
  const rate = Number(state.rate), epochs = Math.round(Number(state.epochs)), seed = Math.round(Number(state.seed));
  return {
    ...recipe,
    learningRate: rate > 0 && rate < 1000 ? rate : recipe.learningRate,
    activation: one("activation", ACTIVATIONS, recipe.activation),
    pooling: one("pooling", POOLINGS, recipe.pooling),
    epochs: epochs > 0 ? Math.min(epochs, MOST_EPOCHS) : EPOCHS,
    seed: seed >= 0 && Number.isSafeInteger(seed) ? seed : 0,
  };
}

/**
 * Which images the address says: "page" or "digits".
 * @param {App} app
 */
export function imagesOf({ state }) {
  return state.images === "digits" ? "digits" : "page";
}

/**
 * The form; `update` brings the settings into it.
 * @param {App} app
 * @param {import("../../base/words.js").Say} say
 */
export function formOf(app, say) {
  const set = (/** @type {string} */ name) => (/** @type {any} */ event) => {
    const text = event.target.value, value = TEXTS.includes(name) ? text : Number(text);
    const { seed, images } = app.state;
    app.set(name === "recipe" ? { ...STATE, seed, images, recipe: value } : { [name]: value === "" ? null : value });
  };
  const choice = (/** @type {string} */ name, /** @type {string[]} */ of, called = (/** @type {string} */ each) => each) => (
    h("select", { id: `train-${name}`, onchange: set(name) }, ...of.map((each) => h("option", { value: each }, called(each)))));
  const number = (/** @type {string} */ name, /** @type {Record<string, string|number>} */ limits) => h("input",
    { id: `train-${name}`, type: "number", style: "width:7rem", onchange: set(name), ...limits });
  const controls = {
    images: choice("images", SOURCES, say), recipe: choice("recipe", Object.keys(RECIPES)),
    rate: number("rate", { min: 0, step: "any" }),
    activation: choice("activation", ACTIVATIONS), pooling: choice("pooling", POOLINGS),
    epochs: number("epochs", { min: 1, max: MOST_EPOCHS }), seed: number("seed", { min: 0 }),
  };
  const element = h("div", { class: "row" }, ...Object.entries(controls).map(([name, control]) => (
    h("label", { for: control.id, style: "display:flex;flex-direction:column" }, say(name), control))));
  return {
    element,
    /** @param {boolean} isRunning */
    update(isRunning) {
      const { recipe, learningRate, activation, pooling, epochs, seed } = settingsOf(app);
      const values = { images: imagesOf(app), recipe, rate: learningRate, activation, pooling, epochs, seed };
      for (const [name, control] of Object.entries(controls)) {
        control.disabled = isRunning;
        if (document.activeElement !== control) control.value = String(values[/** @type {keyof typeof values} */ (name)]);
      }
    },
  };
}
