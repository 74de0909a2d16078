/** The page's state and what follows from it: the image, the network, its outputs, the answer. */

import { Network } from "../engine/network.js";
import { embeddingOf, judge } from "../engine/doubt.js";
import { imageOf } from "./sources.js";
import { DEFAULTS, changes, format, parse, unitsOff } from "./state.js";
import { languageOf, speaker } from "./words.js";

/** @typedef {import("./types.js").Run} Run */
/** @typedef {import("./types.js").Shown} Shown */
/** @typedef {import("./types.js").Answer} Answer */
/** @typedef {import("./state.js").State} State */

export class App {
  /**
   * @param {import("./types.js").PageData} data
   * @param {Record<string, string|number|null>} panelStates  further entries of the state, with their defaults
   */
  constructor(data, panelStates) {
    this.data = data;
    /** @type {import("../engine/kernels.js").Kernels|null} */
    this.kernels = null; // the kernels as WebAssembly, when they are there
    /** @type {Map<string, Shown>} */
    this.held = new Map(); // images that came into the page, by address
    /** @type {State} */
    this.defaults = { ...DEFAULTS, ...panelStates };
    this.state = parse(location.hash, this.defaults);
    this.addressed = this.state; // what the address says
    /** @type {(() => void)[]} */
    this.listeners = [];
    /** @type {Map<string, {of: any[], result: any}>} */
    this.known = new Map(); // what was computed last, by name: of which state, and the result
    this.isWaiting = false;
    addEventListener("hashchange", () => {
      this.state = this.addressed = parse(location.hash, this.defaults);
      this.schedule();
    });
  }

  /**
   * Changes the state; the address follows, and all that is visible is painted anew before the next frame.
   * @param {State} changed
   * @param {{isPassing?: boolean}} [options]  isPassing: the address waits for the next change, as browsers take few of them a second
   */
  set(changed, { isPassing = false } = {}) {
    this.state = { ...this.state, ...changed };
    this.schedule();
    if (isPassing) return;
    const before = this.addressed;
    this.addressed = this.state;
    const isStep = ["panel", "image", "run"].some((name) => before[name] !== this.state[name]);
    try {
      history[isStep ? "pushState" : "replaceState"](null, "", format(this.state, this.defaults));
    } catch {
      // A page without an address of its own, as in a notebook.
    }
  }

  /** Calls the listeners before the next frame. */
  schedule() {
    if (this.isWaiting) return;
    this.isWaiting = true;
    requestAnimationFrame(() => {
      this.isWaiting = false;
      for (const listener of this.listeners) listener();
    });
  }

  /** The language: en or zh. */
  get language() {
    return languageOf(/** @type {string|null} */ (this.state.lang), location.search, navigator.languages ?? []);
  }

  /** The theme that is seen: light or dark. */
  get theme() {
    return this.state.theme ? String(this.state.theme) : (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  }

  /**
   * Returns what says texts in the page's language.
   * @param {import("./words.js").Words} words
   */
  words(words) {
    return speaker(words, this.language);
  }

  /** The number of the network that is looked at. */
  get runNumber() {
    return Math.min(Math.max(0, Number(this.state.run)), this.data.runs.length - 1);
  }

  /** @returns {Run} */
  get run() {
    return this.data.runs[this.runNumber];
  }

  /** The network as the state says: of a snapshot, with changed weights. */
  get network() {
    return this.networkOf(this.runNumber);
  }

  /**
   * The network of a run, as the state says.
   * @param {number} number
   * @returns {Network}
   */
  networkOf(number) {
    const run = this.data.runs[number], weights = this.weightsOf(number), edits = number === this.runNumber ? String(this.state.weights) : "";
    return this.onceOf(`network ${number}`, [run, weights, edits], () => {
      const values = Float32Array.from(weights);
      for (const [index, value] of changes(edits)) if (index in values) values[index] = value;
      return new Network(run, values);
    });
  }

  /**
   * The weights of a run's network at the snapshot that is looked at, without changes.
   * @param {number} number
   * @returns {import("./types.js").Numbers}
   */
  weightsOf(number) {
    const { snapshot } = this.state, run = this.data.runs[number];
    return (run.snapshots[snapshot === null ? -1 : Number(snapshot)]?.weights ?? run.weights).values;
  }

  /** The units of the looked-at network that are switched off, by layer. */
  get off() {
    return unitsOff(String(this.state.units));
  }

  /** The image as it came, with the preprocessing as the state says. @returns {Shown} */
  get source() {
    const { image, steps } = this.state;
    return this.once("source", `${image} ${steps} ${this.held.size} ${this.runNumber}`, () => imageOf(this, String(image)));
  }

  /** The image, with changed pixels. @returns {Shown} */
  get image() {
    const { source } = this, { pixels } = this.state;
    return this.onceOf("image", [source, pixels], () => {
      if (!pixels) return source;
      const edited = Uint8Array.from(source.pixels);
      for (const [index, value] of changes(String(pixels))) if (index in edited) edited[index] = value;
      return { ...source, pixels: edited };
    });
  }

  /** The output of each layer of the network for the image. */
  get outputs() {
    return this.outputsOf(this.runNumber);
  }

  /**
   * The output of each layer of a run's network for the image.
   * @param {number} number
   * @returns {Float32Array[]}
   */
  outputsOf(number) {
    const network = this.networkOf(number), image = this.image;
    const off = number === this.runNumber ? this.off : undefined;
    return this.onceOf(`outputs ${number}`, [network, image, number === this.runNumber ? this.state.units : ""],
      () => network.forward(image.pixels, off));
  }

  /** The answer of the network. */
  get answer() {
    return this.answerOf(this.runNumber);
  }

  /**
   * The answer of a run's network: the probabilities, and whether the image is unlike the training images.
   * @param {number} number
   * @returns {Answer}
   */
  answerOf(number) {
    const outputs = this.outputsOf(number), network = this.networkOf(number);
    const { calibration } = this.data.runs[number];
    return this.onceOf(`answer ${number}`, [outputs], () => {
      const logits = outputs[outputs.length - 1];
      const judged = judge(calibration, logits, calibration ? embeddingOf(network, outputs, calibration) : null);
      return { ...judged, label: judged.probabilities.indexOf(Math.max(...judged.probabilities)) };
    });
  }

  /**
   * Returns what was computed last under a name if it was of the same state, else computes it.
   * @template T
   * @param {string} name
   * @param {string} key
   * @param {() => T} compute
   * @returns {T}
   */
  once(name, key, compute) {
    return this.onceOf(name, [key], compute);
  }

  /**
   * The same for values that it is of: they are compared by identity.
   * @template T
   * @param {string} name
   * @param {any[]} of
   * @param {() => T} compute
   * @returns {T}
   */
  onceOf(name, of, compute) {
    const last = this.known.get(name);
    if (last && last.of.length === of.length && last.of.every((each, i) => each === of[i])) {
      return last.result;
    }
    const result = compute();
    this.known.set(name, { of, result });
    return result;
  }
}
