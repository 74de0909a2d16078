/** The panel with the book's exercises on a trained network: activations of chosen classes, and inputs unlike the training images. */

import { fill, h } from "../../base/dom.js";
import { format } from "../../base/state.js";
import { confusedPairs } from "../set/numbers.js";
import { addInputs } from "./inputs.js";
import { OUTLINES } from "./outlines.js";
import { channelMeans, fillRows, seen } from "./rows.js";
import { WORDS } from "./words.js";

/** @typedef {import("../../base/app.js").App} App */

addInputs();

const EACH = 3; // images of a class
const NAMED = ["coat", "pullover"]; // the classes that the book names: sweaters and coats

/** @type {import("../../base/types.js").Panel} */
export const panel = {
  id: "book", place: "tab", words: WORDS, mount,
  state: {
    exercise: 4, // or 5
    pair: "", // the two classes: LABEL,LABEL
    depth: 1, // of the activations: the first or the second activation of maps
  },
};

/** The two classes whose activations are compared: those the book names, else those confused most. @param {App} app */
export function pairOf(app) {
  const { classes, test } = app.run, [a, b] = String(app.state.pair).split(",").map(Number);
  if (String(app.state.pair).includes(",") && a in classes && b in classes) return [a, b];
  const named = NAMED.map((name) => classes.findIndex((each) => each.toLowerCase() === name));
  if (named.every((label) => label >= 0)) return named;
  const pair = test && confusedPairs(test.confusion.values, classes.length, 1)[0];
  return pair ? [pair.truth, pair.answer] : [0, Math.min(1, classes.length - 1)];
}

/** The layer whose outputs are shown. @param {App} app */
function layerOf(app) {
  const { layers } = app.run, maps = layers.map((_, i) => i).filter((i) => layers[i].kind === "activation" && app.network.shapes[i].length === 3);
  const usual = layers.findIndex((layer) => layer.kind === "activation");
  return maps[Math.min(Number(app.state.depth), maps.length) - 1] ?? maps[0] ?? Math.max(0, usual);
}

/**
 * The addresses of some stored images of a class: the last ones, which are classified correctly.
 * @param {App} app
 * @param {number} label
 */
function someOf(app, label) {
  const labels = app.run.images.test?.labels.values ?? [], all = Array.from(labels, (_, i) => i).filter((i) => labels[i] === label);
  return all.slice(-EACH).map((i) => `test:${i}`);
}

/** The images of exercise 5: one of the data set, and others that it has none like. @param {App} app */
function strangers(app) {
  const count = app.run.images.test?.labels.values.length ?? 0, own = count ? [`test:${count - 1}`] : [];
  return [...own, ...own.flatMap((address) => [`turned:${address}`, `inverted:${address}`]), ...Object.keys(OUTLINES).map((name) => `outline:${name}`),
    "noise:1", "noise:2", "stripes:3", "stripes:2,h", "stripes:4,d", "grey:128"];
}

/** @param {HTMLElement} root @param {App} app */
function mount(root, app) {
  const say = app.words(WORDS), links = h("ul"), choice = h("div", { class: "row" }), text = h("p"), rows = h("div"), summary = h("p", { id: "book-summary" });
  fill(root, h("h3", {}, say("list")), links, h("section", { class: "card" }, text, choice, rows, summary));
  /** @type {any[]} */
  let painted = [];
  return {
    update() {
      const { network, state, theme, run } = app, [a, b] = pairOf(app), layer = layerOf(app), isFour = Number(state.exercise) !== 5;
      const key = [network, state.units, theme, a, b, layer, isFour, run, state.image];
      if (painted.length && key.every((each, i) => each === painted[i])) return;
      painted = key;
      fill(links, ...linksOf(app).map(({ label, state: of }) => h("li", {}, h("a", { href: format({ ...app.state, ...of }, app.defaults) }, label))));
      fill(text, say(isFour ? "four" : "five"));
      fill(choice, ...choices(app, a, b, isFour));
      const all = seen(app, isFour ? [...someOf(app, a), ...someOf(app, b)] : strangers(app), layer);
      if (!all.length) return void fill(rows, h("p", {}, say("noImages")));
      fillRows(rows, app, all, layer);
      fill(summary, isFour ? difference(app, all, layer, a, b) : verdicts(app, all));
    },
  };
}

/** @param {App} app @param {number} a @param {number} b @param {boolean} isFour */
function choices(app, a, b, isFour) {
  const say = app.words(WORDS), { classes } = app.run;
  const select = (/** @type {string} */ label, /** @type {string} */ name, /** @type {[string|number, string, boolean][]} */ options, /** @type {(value: string) => void} */ choose) => h("label", {}, `${say(label)} `,
    h("select", { name, onchange: (/** @type {any} */ event) => choose(event.target.value) }, ...options.map(([value, words, selected]) => h("option", { value, selected }, words))));
  const names = (/** @type {number} */ current) => classes.map((name, label) => /** @type {[number, string, boolean]} */ ([label, name, label === current]));
  const exercise = /** @type {[number, string, boolean][]} */ ([[4, say("exercise", { number: 4 }), isFour], [5, say("exercise", { number: 5 }), !isFour]]);
  const depth = /** @type {[number, string, boolean][]} */ ([1, 2].map((number) => [number, say("nth", { number }), number === Number(app.state.depth)]));
  return [select("show", "exercise", exercise, (value) => app.set({ exercise: Number(value) })),
    ...(isFour ? [select("one", "one", names(a), (value) => app.set({ pair: `${value},${b}` })), select("other", "other", names(b), (value) => app.set({ pair: `${a},${value}` }))] : []),
    select("depth", "depth", depth, (value) => app.set({ depth: Number(value) }))];
}

/** The states that the exercises ask for. @param {App} app @returns {{label: string, state: import("../../base/state.js").State}[]} */
function linksOf(app) {
  const say = app.words(WORDS), { classes } = app.run, [a, b] = pairOf(app), names = { a: classes[a], b: classes[b] }, first = (/** @type {number} */ label) => someOf(app, label)[0] ?? "test:0";
  const convolution = app.run.layers.findIndex((layer) => layer.kind === "activation");
  return [
    { label: say("linkPair", names), state: { panel: "book", exercise: 4, pair: `${a},${b}` } },
    { label: say("linkLayers", { name: names.a }), state: { panel: "layers", image: first(a), layer: convolution } },
    { label: say("linkLayers", { name: names.b }), state: { panel: "layers", image: first(b), layer: convolution } },
    { label: say("linkStrangers"), state: { panel: "book", exercise: 5 } },
    ...["outline:cat", "outline:car", "noise:1"].map((image) => ({ label: say("linkWhy", { name: say(image.startsWith("noise") ? "noise" : `outline_${image.slice(8)}`, { rest: 1 }) }), state: { panel: "why", image, for: null, against: null } })),
  ];
}

/** Which channel tells the classes apart most. @param {App} app @param {import("./rows.js").Seen[]} all @param {number} layer @param {number} a @param {number} b */
function difference(app, all, layer, a, b) {
  const say = app.words(WORDS), { classes } = app.run, channels = app.network.shapes[layer][0];
  const mean = (/** @type {number} */ label) => {
    const own = all.filter((each) => each.label === label).map((each) => channelMeans(each.values, channels));
    return Array.from({ length: channels }, (_, channel) => own.reduce((total, each) => total + each[channel], 0) / Math.max(1, own.length));
  };
  const [one, other] = [mean(a), mean(b)], gaps = one.map((value, channel) => Math.abs(value - other[channel])), channel = gaps.indexOf(Math.max(...gaps));
  return say("difference", { channel, a: classes[a], b: classes[b], one: one[channel].toPrecision(3), other: other[channel].toPrecision(3) });
}

/** How many of the strangers are answered with confidence, and how many rejected. @param {App} app @param {import("./rows.js").Seen[]} all */
function verdicts(app, all) {
  const say = app.words(WORDS), others = all.filter((each) => each.label === null), sure = others.filter((each) => each.p >= 0.9).length;
  const values = { count: others.length, sure, rejected: others.filter((each) => each.isUnknown).length };
  return say(app.run.calibration ? "verdicts" : "verdictsAlone", values);
}
