/** The strip of an image's steps to the network, with the numbers of each. */

import { fill, h } from "../../base/dom.js";
import { paintPixels } from "../../charts/raster.js";
import { WORDS } from "./words.js";

/** @typedef {import("../../base/app.js").App} App */
/** @typedef {import("../../images/pixels.js").Image} Image */
/** @typedef {import("../../images/preprocess.js").Explained} Explained */
/** @typedef {NonNullable<Explained["found"]>} Found */
/**
 * A step; boxes as shares of its image, and what is shown of a pixel instead of its number.
 * @typedef {{left: number, top: number, width: number, height: number}} Share
 * @typedef {{name: string, text: string, image: Image, painted?: Image, boxes?: Share[], valueAt?: (at: number) => string}} Panel
 */

const SHOWN = 176; // CSS pixels of the longer edge
const KEPT = [46, 111, 219], DROPPED = [214, 62, 42]; // as in lenet.analysis.strip
/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

/**
 * What the strip shows, step by step.
 * @param {Explained} explained
 * @param {import("../../base/words.js").Say} say
 * @returns {Panel[]}
 */
export function panelsOf({ steps, found }, say) {
  const panels = steps.map((image) => ({ name: say(image.name), text: say(`${image.name}Text`), image }));
  if (!found) return steps.length > 2 ? panels : panels.map((panel) => ({ ...panel, text: "" }));
  const hasDropped = found.dropped.data.includes(1), { copy, square } = found;
  const boxes = (found.parts.length > 1 ? found.parts : [found.box]).map((box) => ({
    left: box.left / square / copy.width, top: box.top / square / copy.height,
    width: Math.min(1, (box.right - box.left) / square / copy.width),
    height: Math.min(1, (box.bottom - box.top) / square / copy.height),
  }));
  const valueAt = (/** @type {number} */ at) => {
    return say(found.kept.data[at] ? "keptHere" : found.dropped.data[at] ? "droppedHere" : "groundHere");
  };
  const text = say(hasDropped ? "foundDropped" : "foundText");
  return [panels[0], { name: say("found"), text, image: copy, painted: marked(found), boxes, valueAt }, ...panels.slice(1)];
}

/** The image, pale, with what was kept in blue and what was left out in red. @param {Found} found @returns {Image} */
function marked({ copy, kept, dropped }) {
  const { width, height, channels } = copy, data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i += 1) {
    const [red, green, blue] = channels === 1 ? Array(3).fill(copy.data[i]) : copy.data.subarray(3 * i, 3 * i + 3);
    const pale = Math.round(170 + (0.299 * red + 0.587 * green + 0.114 * blue) / 3);
    data.set(kept.data[i] ? KEPT : dropped.data[i] ? DROPPED : [pale, pale, pale], 3 * i);
  }
  return { width, height, channels: 3, data };
}

export class Strip {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.say = app.words(WORDS);
    this.names = "";
    /** @type {Figure[]} */
    this.figures = [];
    this.list = h("div", { class: "row steps" });
    this.readout = h("p", { class: "reading pale", role: "status" }, this.say("pointHint"));
    this.element = h("div", {}, this.list, this.readout);
  }

  /**
   * Shows steps; the elements stay where the steps are the same, so that the focus does.
   * @param {Panel[]} panels
   */
  show(panels) {
    const names = panels.map((panel) => panel.name).join();
    if (this.names !== names) {
      this.names = names;
      this.figures = panels.map(() => new Figure(this));
      fill(this.list, ...this.figures.map((figure) => figure.element));
    }
    panels.forEach((panel, i) => this.figures[i].show(panel));
  }
}

class Figure {
  /** @param {Strip} strip */
  constructor(strip) {
    this.strip = strip;
    this.at = [0, 0];
    /** @type {Panel|null} */
    this.panel = null;
    this.title = h("h3", {});
    this.canvas = h("canvas", { "aria-hidden": "true" });
    this.marks = h("span", { class: "marks" });
    this.text = h("figcaption", {});
    this.cells = h("div", { class: "cells", role: "application", tabindex: 0 }, this.canvas, this.marks);
    for (const name of /** @type {const} */ (["pointermove", "pointerdown"])) {
      this.cells.addEventListener(name, (event) => this.point(event));
    }
    this.cells.addEventListener("focus", () => this.read());
    this.cells.addEventListener("keydown", (event) => this.key(event));
    this.element = h("figure", {}, this.title, this.cells, this.text);
  }

  /** @param {Panel} panel */
  show(panel) {
    if (this.panel?.image === panel.image && this.panel.painted === panel.painted) return;
    this.panel = panel;
    const { say } = this.strip, { name, text, boxes = [] } = panel;
    const image = panel.painted ?? panel.image, { width, height } = image;
    const scale = SHOWN / Math.max(width, height);
    this.title.textContent = name;
    this.text.textContent = [text, say("size", { width, height })].filter(Boolean).join(": ");
    this.cells.style.width = `${Math.round(width * scale)}px`;
    this.cells.setAttribute("aria-label", say("step", { name, width, height }));
    this.canvas.style.imageRendering = scale < 1 ? "auto" : "pixelated";
    paintPixels(this.canvas, image.data, width, height, image.channels);
    const styleOf = (/** @type {Share} */ box) => Object.entries(box).map(([side, share]) => `${side}:${100 * share}%`).join(";");
    fill(this.marks, ...boxes.map((box) => h("span", { class: "box", style: styleOf(box) })));
  }

  /** @param {PointerEvent} event */
  point(event) {
    const { image } = /** @type {Panel} */ (this.panel), box = this.cells.getBoundingClientRect();
    this.go(((event.clientY - box.top) / box.height) * image.height, ((event.clientX - box.left) / box.width) * image.width);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const by = ARROWS[event.key];
    if (!by) return;
    event.preventDefault();
    this.go(this.at[0] + by[0], this.at[1] + by[1]);
  }

  /** Goes to a place, or the one of the image that is nearest to it. @param {number} row @param {number} column */
  go(row, column) {
    const { width, height } = /** @type {Panel} */ (this.panel).image;
    this.at = [Math.max(0, Math.min(height - 1, Math.floor(row))), Math.max(0, Math.min(width - 1, Math.floor(column)))];
    this.read();
  }

  /** Says the number that is pointed at. */
  read() {
    const { image, name, valueAt } = /** @type {Panel} */ (this.panel), { channels, width, height, data } = image;
    const [row, column] = [Math.min(this.at[0], height - 1), Math.min(this.at[1], width - 1)], at = row * width + column;
    const value = valueAt ? valueAt(at) : [...data.subarray(at * channels, (at + 1) * channels)].join(", ");
    this.strip.readout.textContent = this.strip.say("number", { name, row, column, value });
  }
}
