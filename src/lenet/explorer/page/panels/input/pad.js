/** The drawing pad. */

import { h } from "../../base/dom.js";
import { EDGE, LAST } from "../../images/drawing/pen.js";
import { parseDrawing, drawingText } from "../../images/drawing/text.js";
import { paintPixels } from "../../charts/raster.js";
import { inboxOf } from "./inbox.js";
import { WORDS } from "./words.js";

/** @typedef {import("../../base/app.js").App} App */
/** @typedef {import("../../images/drawing/pen.js").Drawing} Drawing */
/** @typedef {[number, number]} Point */

const APART = 3; // half pixels between two points of a stroke that are kept
/** @type {Record<string, Point>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const FAR = 8; // half pixels of a step with an arrow key; with Shift 2

export class Pad {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.say = app.words(WORDS);
    this.isLight = false;
    this.isDown = false; // the pen, by keyboard
    /** @type {Point} */
    this.cursor = [LAST / 2, LAST / 2];
    /** @type {number|null} */
    this.pointer = null; // that draws
    /** @type {any} */
    this.painted = null;
    const { say } = this;
    this.canvas = h("canvas", { width: EDGE, height: EDGE, "aria-hidden": "true" });
    this.invitation = h("span", { class: "invitation", "aria-hidden": "true" }, say("here"));
    this.mark = h("span", { class: "cursor", "aria-hidden": "true" });
    this.status = h("span", { class: "hidden", role: "status" });
    this.surface = h("div", { class: "pad", role: "application", tabindex: 0, "aria-label": say("pad") },
      this.canvas, this.invitation, this.mark);
    this.surface.addEventListener("pointerdown", (event) => this.start(event));
    this.surface.addEventListener("pointermove", (event) => this.move(event));
    for (const name of /** @type {const} */ (["pointerup", "pointercancel"])) {
      this.surface.addEventListener(name, (event) => this.stop(event));
    }
    this.surface.addEventListener("keydown", (event) => this.key(event));
    this.undoButton = h("button", { onclick: () => this.undo() }, say("undo"));
    this.clearButton = h("button", { onclick: () => this.clear() }, say("clear"));
    this.groundButton = h("button", { onclick: () => this.turn(), "aria-pressed": "false" }, say("light"));
    this.element = h("div", {}, this.surface, this.status,
      h("div", { class: "row" }, this.undoButton, this.clearButton, this.groundButton));
  }

  /** The drawing that is looked at; an empty one if another image is. @returns {Drawing} */
  get drawing() {
    const address = String(this.app.state.image);
    return (address.startsWith("drawn:") && parseDrawing(address.slice(6))) || { isLight: this.isLight, strokes: [] };
  }

  /**
   * @param {Drawing} drawing
   * @param {boolean} [isPassing]  as in the middle of a stroke
   */
  show(drawing, isPassing = false) {
    this.app.set({ image: `drawn:${drawingText(drawing)}`, pixels: "" }, { isPassing });
  }

  /** Paints the drawing. */
  update() {
    const { app, drawing } = this, { original, address } = app.image, isDrawn = address.startsWith("drawn:");
    if (isDrawn) this.isLight = drawing.isLight;
    const of = isDrawn ? original : this.isLight;
    if (of !== this.painted) {
      this.painted = of;
      const data = isDrawn && original ? original.data : new Uint8Array(EDGE * EDGE).fill(this.isLight ? 255 : 0);
      paintPixels(this.canvas, data, EDGE, EDGE, 1);
      this.surface.classList.toggle("light", this.isLight);
      this.invitation.hidden = drawing.strokes.length > 0;
      this.undoButton.disabled = this.clearButton.disabled = drawing.strokes.length === 0;
      this.groundButton.setAttribute("aria-pressed", String(this.isLight));
    }
    const [x, y] = this.cursor;
    this.mark.style.cssText = `left:${(100 * (x + 1)) / (LAST + 2)}%;top:${(100 * (y + 1)) / (LAST + 2)}%`;
    this.mark.classList.toggle("down", this.isDown);
  }

  /** @param {PointerEvent} event */
  start(event) {
    if (!event.isPrimary || event.button !== 0) return;
    event.preventDefault(); // no text is selected; the focus does not go by itself then
    this.surface.focus({ preventScroll: true });
    this.surface.setPointerCapture(event.pointerId);
    this.pointer = event.pointerId;
    this.isDown = false;
    inboxOf(this.app).isDrawing = true;
    inboxOf(this.app).messages = [];
    const drawing = this.drawing;
    this.show({ ...drawing, strokes: [...drawing.strokes, [this.placeOf(event)]] }, true);
  }

  /** @param {PointerEvent} event */
  move(event) {
    if (event.pointerId !== this.pointer) return;
    const events = event.getCoalescedEvents?.() ?? [];
    this.extend((events.length ? events : [event]).map((each) => this.placeOf(each)), true);
  }

  /** @param {PointerEvent} event */
  stop(event) {
    if (event.pointerId !== this.pointer) return;
    this.pointer = null;
    inboxOf(this.app).isDrawing = false;
    this.show(this.drawing);
  }

  /**
   * Adds points to the last stroke: the last one follows the pen, and of those before it the ones that are apart are kept.
   * @param {Point[]} points
   * @param {boolean} isPassing
   */
  extend(points, isPassing) {
    const drawing = this.drawing, stroke = [...(drawing.strokes.at(-1) ?? [])];
    for (const point of points) {
      const [before, last] = stroke.slice(-2);
      if (last && Math.max(Math.abs(before[0] - last[0]), Math.abs(before[1] - last[1])) < APART) stroke.pop();
      stroke.push(point);
    }
    this.show({ ...drawing, strokes: [...drawing.strokes.slice(0, -1), stroke] }, isPassing);
  }

  /** @param {{clientX: number, clientY: number}} event @returns {Point} */
  placeOf({ clientX, clientY }) {
    const box = this.canvas.getBoundingClientRect(), scale = (LAST + 1) / box.width;
    return this.inside([(clientX - box.left) * scale, (clientY - box.top) * scale]);
  }

  /** @param {number[]} point @returns {Point} */
  inside([x, y]) {
    return [Math.round(Math.min(LAST, Math.max(0, x))), Math.round(Math.min(LAST, Math.max(0, y)))];
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const arrow = ARROWS[event.key], isWithControl = event.ctrlKey || event.metaKey;
    const isUndo = event.key === "Backspace" || (event.key.toLowerCase() === "z" && isWithControl);
    if (arrow) {
      const step = event.shiftKey ? 2 : FAR;
      this.cursor = this.inside([this.cursor[0] + step * arrow[0], this.cursor[1] + step * arrow[1]]);
      if (this.isDown) this.extend([this.cursor], true);
    } else if (event.key === " ") this.toggle();
    else if (event.key === "Escape" && this.isDown) this.toggle();
    else if (isUndo) this.undo();
    else if (event.key === "Delete") this.clear();
    else return;
    event.preventDefault();
    const [x, y] = this.cursor.map((each) => each >> 1);
    this.status.textContent = this.say(this.isDown ? "down" : "up", { x, y });
    this.app.schedule();
  }

  /** Sets the pen down, or lifts it. */
  toggle() {
    const drawing = this.drawing;
    this.isDown = !this.isDown;
    if (this.isDown) this.show({ ...drawing, strokes: [...drawing.strokes, [this.cursor]] }, true);
    else this.show(drawing);
  }

  undo() {
    this.isDown = false;
    const drawing = this.drawing;
    if (drawing.strokes.length) this.show({ ...drawing, strokes: drawing.strokes.slice(0, -1) });
  }

  clear() {
    this.isDown = false;
    this.show({ isLight: this.isLight, strokes: [] });
  }

  /** Draws dark on light, or light on dark. */
  turn() {
    const { drawing } = this;
    this.isLight = !drawing.isLight;
    if (String(this.app.state.image).startsWith("drawn:")) this.show({ ...drawing, isLight: this.isLight });
    else this.app.schedule();
  }
}
