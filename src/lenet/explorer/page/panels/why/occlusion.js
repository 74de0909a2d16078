/** The part of "why?" that covers the image, place by place. */

import { fill, h } from "../../base/dom.js";
import { cells } from "../../charts/cells.js";
import { legend, paintPixels, scaleOf, short } from "../../charts/raster.js";
import { logitsBy } from "../many.js";
import { inSlices } from "../../base/slices.js";
import { cover, groundOf, leadLost, probabilitiesOf, probabilityLost, readingOf } from "./covering.js";
import { share } from "./sentences.js";
import { classesAsked, patchOf } from "./state.js";
import { WORDS } from "./words.js";

/** @typedef {import("../../base/app.js").App} App */

/**
 * What the covers show, as a computation in slices.
 * @param {App} app
 */
export function coveredOf(app) {
  const { image, network, kernels, run, state } = app, edge = patchOf(app);
  return inSlices(app, "covered", [image, network, kernels, state.units, edge], function* () {
    const { logitsOf, batch } = logitsBy(app), ground = groundOf(run.preprocessing.ground, image.pixels);
    return yield* cover(logitsOf, batch, image.pixels, run.input, ground, edge);
  });
}

/**
 * The same with what follows from it for the two classes; null while it is computed.
 * @param {App} app
 */
export function coversOf(app) {
  const covered = coveredOf(app).result, { a, b } = classesAsked(app);
  const temperature = app.run.calibration?.temperature ?? 1, { input } = app.run, edge = patchOf(app);
  return app.onceOf("covers", [covered, a, b], () => covered && {
    covered, input, edge, probabilities: probabilitiesOf(covered, temperature), reading: readingOf(covered, a, b),
  });
}

/**
 * The maps with their numbers.
 * @param {HTMLElement} root
 * @param {App} app
 */
export function mountOcclusion(root, app) {
  const say = app.words(WORDS), { input, classes } = app.run, size = 148, { height, width } = input;
  /** @type {number|null} */
  let over = null;
  const onPoint = (/** @type {number|null} */ place) => {
    over = place;
    tell();
  };
  const onPin = (/** @type {number|null} */ place) => app.set({ place });
  const make = () => cells({ size, width, height, label: say("walk"), onPoint, onPin });
  const [image, lost, lead] = [make(), make(), make()], text = h("output", { class: "reading", "aria-live": "polite" });
  const titles = [0, 1, 2].map(() => h("figcaption")), legends = [0, 1].map(() => h("div")), marks = h("p", { class: "pale" });
  const status = h("p", { class: "pale", role: "status" });
  fill(root, h("h3", {}, say("occlusion")), h("div", { class: "row pair" },
    h("figure", {}, titles[0], image.element), h("figure", {}, titles[1], lost.element, legends[0]),
    h("figure", {}, titles[2], lead.element, legends[1])),
  status, text, marks, h("p", { class: "pale" }, say("coverCaption"), " ", say("walk")));
  /** The frame and the numbers of the place under the pointer, else of the pinned one, else of the one that matters most. */
  const tell = () => {
    const found = coversOf(app), edge = patchOf(app), pinned = app.state.place;
    const isPlace = typeof pinned === "number" && pinned >= 0 && pinned < height * width;
    const place = over ?? (isPlace ? Number(pinned) : found?.reading.weakest ?? null);
    image.mark(place, edge);
    for (const map of [lost, lead]) map.mark(place);
    const { a, b } = classesAsked(app), count = classes.length;
    if (!found || place === null) return fill(text);
    const of = (/** @type {number} */ at, /** @type {number} */ label) => share(found.probabilities[at * count + label]), whole = height * width;
    const { logits } = found.covered, leadAt = (/** @type {number} */ at) => short(logits[at * count + a] - logits[at * count + b]);
    fill(text, say("coverText", {
      row: Math.floor(place / width), column: place % width, a: classes[a], b: classes[b], p: of(whole, a), q: of(place, a), from: of(whole, b),
      to: of(place, b), answer: classes[found.reading.answers[place]], lead: leadAt(whole), left: leadAt(place),
    }));
  };
  return {
    update() {
      const job = coveredOf(app), found = coversOf(app), { a, b } = classesAsked(app), names = { a: classes[a], b: classes[b] };
      image.draw((canvas) => paintPixels(canvas, app.image.pixels, width, height, input.channels));
      fill(titles[0], say("image"));
      fill(titles[1], say("lost", names));
      fill(titles[2], say("leadLost", names));
      root.dataset.done = String(found !== null);
      fill(status, job.problem ? say("failed", { problem: job.problem }) : found ? "" : say("working", { percent: Math.floor(100 * job.share) }));
      if (found) {
        const values = [probabilityLost(found.probabilities, classes.length, a), leadLost(found.covered, a, b)];
        const turned = [...found.reading.turns.values()].flat();
        [lost, lead].forEach((map, i) => {
          const scale = scaleOf([values[i]]);
          map.show(values[i], width, height, { ...scale, kind: "diverging", low: -scale.high, high: scale.high }, app.theme);
          map.outline(turned);
          fill(legends[i], legend({ kind: "diverging", low: -scale.high, high: scale.high }, app.theme));
        });
        const list = [...found.reading.turns].map(([label, places]) => `${classes[label]}: ${places.length}`).join(say("comma"));
        fill(marks, turned.length ? say("marks", { list }) : say("noMarks"));
      }
      tell();
    },
  };
}
