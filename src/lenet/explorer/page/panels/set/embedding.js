/** The map of the embedding: the stored images as signs of their classes, the current image among them. */

import { fill, h } from "../../base/dom.js";
import { classColour, classSigns } from "../../charts/classes.js";
import { pixelsOf } from "../../base/sources.js";
import { thumb } from "../../charts/thumbs.js";
import { embeddingLayer } from "../../engine/cut.js";
import { drawMap } from "./drawing.js";
import { WHOLE, extentOf, kept, nearestPlace, next, placeOf, projected, viewOf, viewText, zoomed } from "./places.js";
import { WORDS } from "./words.js";

/** @typedef {import("../../base/app.js").App} App */

const REACH = 14; // CSS pixels from a point at which the pointer finds it
const HEIGHT = 460;

/**
 * The points of the map: places, labels and addresses, the test images first; null if the file has none.
 * @param {App} app
 */
function pointsOf(app) {
  const { embeddings, images } = app.run, moment = momentMap(app);
  return app.onceOf("map points", [embeddings, images, moment], () => {
    if (!embeddings?.map || !images.test) return null;
    const tests = images.test.labels.values.length, labels = [...images.test.labels.values, ...(images.train?.labels.values ?? [])];
    const addresses = labels.map((_, i) => (i < tests ? `test:${i}` : `train:${i - tests}`));
    const { values } = moment ?? embeddings.map;
    return { values, labels, addresses, extent: extentOf(values) };
  });
}

/** The map of the snapshot that is looked at; null for that of the trained network. @param {App} app */
function momentMap(app) {
  return app.state.snapshot === null ? null : app.run.snapshots[Number(app.state.snapshot)]?.map ?? null;
}

/** The current image's place on the map, or null. @param {App} app @param {NonNullable<ReturnType<typeof pointsOf>>} points */
function currentPlace(app, points) {
  const { embeddings, calibration } = app.run, layer = embeddingLayer(app.network, calibration), values = app.outputs[layer - 1];
  if (!momentMap(app) && embeddings.centre && embeddings.axes && values) return projected(values, embeddings.centre.values, embeddings.axes.values);
  const number = points.addresses.indexOf(app.image.address);
  return number < 0 ? null : /** @type {[number, number]} */ ([points.values[2 * number], points.values[2 * number + 1]]);
}

/**
 * @param {HTMLElement} root
 * @param {App} app
 */
export function mountEmbedding(root, app) {
  const say = app.words(WORDS), canvas = h("canvas", { class: "embedding", tabindex: 0, role: "application", "aria-label": say("mapLabel") });
  const tip = h("div", { class: "tip", hidden: true }), text = h("output", { class: "reading", "aria-live": "polite" }), classes = h("div", { class: "row" });
  const view = () => viewOf(String(app.state.map)), see = (/** @type {import("./places.js").View} */ seen) => app.set({ map: viewText(seen) });
  const button = (/** @type {string} */ key, /** @type {() => void} */ onclick) => h("button", { "data-zoom": key, onclick }, say(key));
  fill(root, h("h3", {}, say("map")), h("div", { class: "row" }, button("zoomIn", () => see(zoomed(view(), 1.6))), button("zoomOut", () => see(zoomed(view(), 1 / 1.6))),
    button("whole", () => see(WHOLE))), classes, h("div", { class: "mapframe" }, canvas, tip), text, h("p", { class: "pale" }, say("mapCaption")));
  /** @type {number|null} */
  let over = null;
  /** @type {[number, number][]} */
  let places = [];
  /** @type {number[]} */
  let shown = [];

  const tell = () => {
    const points = pointsOf(app), number = over === null || !points ? null : shown[over];
    tip.hidden = number === null;
    if (number === null || !points || over === null) return fill(text);
    const [set, rest] = points.addresses[number].split(":"), images = app.run.images[/** @type {"test"|"train"} */ (set)];
    const words = say(set === "test" ? "testPoint" : "trainPoint", { number: rest, name: app.run.classes[points.labels[number]] });
    fill(tip, images && thumb(app, pixelsOf(images, Number(rest)), 56), h("span", {}, words));
    const [x, y] = places[over], isRight = x > canvas.clientWidth / 2;
    Object.assign(tip.style, { left: isRight ? "" : `${x + 12}px`, right: isRight ? `${canvas.clientWidth - x + 12}px` : "", top: `${Math.min(y, canvas.clientHeight - 90)}px` });
    fill(text, words);
  };
  const paint = () => {
    const points = pointsOf(app);
    root.hidden = points === null;
    if (!points || !canvas.clientWidth) return;
    const { only } = app.state, width = canvas.clientWidth, at = view(), place = currentPlace(app, points);
    shown = points.labels.flatMap((label, i) => (only === null || label === only ? [i] : []));
    const on = (/** @type {number} */ x, /** @type {number} */ y) => placeOf(x, y, points.extent, at, width, HEIGHT);
    places = shown.map((i) => on(points.values[2 * i], points.values[2 * i + 1]));
    drawMap(canvas, { width, height: HEIGHT, theme: app.theme, signs: classSigns(app.run.classes), places, labels: shown.map((i) => points.labels[i]),
      isFaint: shown.map((i) => points.addresses[i].startsWith("train")), current: place && on(place[0], place[1]), over });
    canvas.style.touchAction = at.zoom > 1 ? "none" : "pan-y";
  };
  const open = (/** @type {number|null} */ point) => {
    const points = pointsOf(app);
    if (point !== null && points) app.set({ image: points.addresses[shown[point]], pixels: "" });
  };
  listen(canvas, { places: () => places, view, see, open, over: () => over, point: (found) => {
    if (found === over) return;
    over = found;
    paint();
    tell();
  } });
  new ResizeObserver(paint).observe(canvas);
  let key = "";
  return {
    update() {
      const { only } = app.state, now = `${only} ${app.theme}`, signs = classSigns(app.run.classes);
      if (now !== key) {
        const focused = classes.contains(document.activeElement) ? String(/** @type {HTMLElement} */ (document.activeElement).dataset.label) : null;
        fill(classes, ...app.run.classes.map((name, label) => h("button", { class: "small", "data-label": label, "aria-pressed": only === label,
          onclick: () => app.set({ only: only === label ? null : label }) }, h("b", { style: only === label ? "" : `color:${classColour(label, app.theme)}` }, signs[label]), signs[label] === name ? "" : ` ${name}`)));
        if (focused !== null) /** @type {HTMLElement|null} */ (classes.querySelector(`[data-label="${focused}"]`))?.focus();
        over = null;
      }
      key = now;
      paint();
      tell();
    },
  };
}

/**
 * What pointer, wheel and keys do.
 * @param {HTMLCanvasElement} canvas
 * @param {{places: () => [number, number][], view: () => import("./places.js").View, see: (view: import("./places.js").View) => void,
 *   open: (point: number|null) => void, over: () => number|null, point: (point: number|null) => void}} map
 */
function listen(canvas, map) {
  /** @type {Map<number, [number, number]>} */
  const down = new Map();
  let isDragged = false;
  const at = (/** @type {PointerEvent|WheelEvent|MouseEvent} */ event) => {
    const area = canvas.getBoundingClientRect();
    return /** @type {[number, number]} */ ([event.clientX - area.x, event.clientY - area.y]);
  };
  const move = (/** @type {PointerEvent} */ event) => {
    const place = at(event), before = down.get(event.pointerId);
    if (!before) return map.point(nearestPlace(map.places(), place[0], place[1], REACH));
    const others = [...down].filter(([id]) => id !== event.pointerId), width = canvas.clientWidth, height = canvas.clientHeight, view = map.view();
    if (others.length) {
      const [, other] = others[0], size = (/** @type {[number, number]} */ one) => Math.hypot(one[0] - other[0], one[1] - other[1]);
      map.see(zoomed(view, size(place) / Math.max(1, size(before)), other[0] / width, other[1] / height));
    } else if (isDragged || Math.hypot(place[0] - before[0], place[1] - before[1]) > 4) {
      if (view.zoom > 1) map.see(kept({ ...view, x: view.x - (place[0] - before[0]) / width / view.zoom, y: view.y - (place[1] - before[1]) / height / view.zoom }));
    } else return;
    isDragged = true;
    down.set(event.pointerId, place);
  };
  const up = (/** @type {PointerEvent} */ event) => down.delete(event.pointerId);
  canvas.addEventListener("pointerdown", (event) => {
    if (!down.size) isDragged = false;
    down.set(event.pointerId, at(event));
  });
  canvas.addEventListener("pointermove", move);
  canvas.addEventListener("pointerup", up);
  canvas.addEventListener("pointercancel", up);
  canvas.addEventListener("pointerleave", (event) => { up(event); map.point(null); });
  canvas.addEventListener("click", (event) => { if (!isDragged) map.open(nearestPlace(map.places(), ...at(event), REACH)); });
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && document.activeElement !== canvas) return; // the page scrolls
    event.preventDefault();
    const [x, y] = at(event);
    map.see(zoomed(map.view(), Math.exp(-event.deltaY / 300), x / canvas.clientWidth, y / canvas.clientHeight));
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const steps = /** @type {Record<string, [number, number]>} */ ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] });
    const direction = steps[event.key], places = map.places(), over = map.over();
    if (direction) map.point(over === null ? nearestPlace(places, canvas.clientWidth / 2, canvas.clientHeight / 2, Infinity) : next(places, over, direction) ?? over);
    else if (event.key === "Enter") map.open(over);
    else if (event.key === "+" || event.key === "=") map.see(zoomed(map.view(), 1.6));
    else if (event.key === "-") map.see(zoomed(map.view(), 1 / 1.6));
    else if (event.key === "0") map.see(WHOLE);
    else return;
    event.preventDefault();
  });
}
