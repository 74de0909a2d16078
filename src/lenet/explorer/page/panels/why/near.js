/** The part of "why?" that shows the training images nearest to the image, as the network sees them. */

import { fill, h } from "../../base/dom.js";
import { short } from "../../charts/raster.js";
import { opener } from "../../charts/thumbs.js";
import { embeddingLayer } from "../../engine/cut.js";
import { inputsOf } from "../many.js";
import { nearest, tally } from "./neighbours.js";
import { WORDS } from "./words.js";

/** @typedef {import("../../base/app.js").App} App */

const NEAREST = 8;

/**
 * The nearest stored training images, or null if there are none, or while embeddings of a changed network are computed.
 * @param {App} app
 */
export function nearNow(app) {
  const { run, network, outputs, image, state } = app, layer = embeddingLayer(network, run.calibration), { train } = run.images;
  if (!train || layer < 0) return null;
  const isAsTrained = state.snapshot === null && !state.weights && !state.units;
  const points = isAsTrained && run.embeddings?.train ? run.embeddings.train.values : inputsOf(app, "train", layer).result;
  return app.onceOf("near", [outputs, points], () => {
    if (!points) return null;
    const point = outputs[layer - 1] ?? network.inputOf(image.pixels), isItself = image.address.startsWith("train:") ? Number(image.address.slice(6)) : -1;
    const found = nearest(points, point, NEAREST + 1).filter((each) => each.number !== isItself).slice(0, NEAREST);
    return { found, tally: tally(found.map((each) => train.labels.values[each.number])), layer, width: point.length, train };
  });
}

/**
 * @param {HTMLElement} root
 * @param {App} app
 */
export function mountNear(root, app) {
  const say = app.words(WORDS), { classes } = app.run, images = h("div", { class: "row thumbs" }), shares = h("p"), caption = h("p", { class: "pale" });
  fill(root, h("h3", {}, say("near")), images, shares, caption);
  /** @type {any} */
  let painted;
  return {
    update() {
      const near = nearNow(app);
      if (painted === near && near) return;
      painted = near;
      if (!near) return void fill(caption, say("noNear")), fill(images), fill(shares);
      const label = app.answer.label;
      fill(images, ...near.found.map(({ number, distance }) => {
        const of = near.train.labels.values[number], name = classes[of], far = short(distance);
        return opener(app, "train", number, { size: 64, caption: say("distance", { name, distance: far }),
          label: say("openTrain", { number, name, distance: far }), mark: of === label ? "same" : "other" });
      }));
      const total = near.found.length;
      fill(shares, near.tally.map(([of, count]) => say("shareOf", { name: classes[of], count, total, percent: Math.round((100 * count) / total) })).join(" · "));
      fill(caption, say("nearCaption", { width: near.width, layer: app.network.layers[near.layer].name, count: near.train.labels.values.length }));
    },
  };
}
