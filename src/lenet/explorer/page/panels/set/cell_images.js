/** The stored images of the cell that is chosen in the confusion matrix. */

import { fill, h } from "../../base/dom.js";
import { opener } from "../../charts/thumbs.js";
import { answersOf } from "../many.js";
import { Pages } from "../pages.js";
import { share } from "../why/sentences.js";
import { imagesOf } from "./numbers.js";
import { WORDS } from "./words.js";

/** @typedef {import("../../base/app.js").App} App */
/** @typedef {import("../many.js").Answers} Answers */

const PAGE = 60; // images

/**
 * The cell that is chosen: true class and answer; null if none is.
 * @param {App} app
 */
export function chosen(app) {
  const [truth, answer] = String(app.state.cell).split(".").map(Number), count = app.run.classes.length;
  return truth >= 0 && answer >= 0 && truth < count && answer < count ? { truth, answer } : null;
}

/**
 * @param {HTMLElement} root
 * @param {App} app
 */
export function mountCellImages(root, app) {
  const say = app.words(WORDS), above = h("div"), pages = new Pages(app, { label: say("cellImages"), entry: "cellPage", size: PAGE, look: "row thumbs" });
  pages.list.id = "cell-images";
  fill(root, above, pages.element);
  return {
    /** @param {ArrayLike<number>} confusion */
    update(confusion) {
      const { cell, cellPage, image } = app.state, cellOf = chosen(app), set = app.run.images.test, { result, share: done } = answersOf(app, "test");
      const found = app.onceOf("cell images", [set, result, cell], () => (cellOf && set && result ? imagesOf(set.labels.values, result, cellOf.truth, cellOf.answer) : []));
      const isOpen = found.some((number) => image === `test:${number}`);
      app.onceOf("cell heading", [confusion, found, result ?? done, isOpen, above], () => fill(above, ...heading(app, confusion, found, done), isOpen && whyThis(app)));
      app.onceOf("cell page", [found, cellPage, pages], () => {
        pages.element.hidden = !found.length;
        return result && pages.paint(found.length, (place) => openerOf(app, result, found[place]), "");
      });
      pages.press();
    },
  };
}

/**
 * What stands above the images, or instead of them.
 * @param {App} app
 * @param {ArrayLike<number>} confusion
 * @param {number[]} found
 * @param {number} done  the share of the answers that is computed
 */
function heading(app, confusion, found, done) {
  const say = app.words(WORDS), { classes, images } = app.run, current = chosen(app);
  if (!current) return [h("p", { class: "pale" }, say("openCell"))];
  if (!images.test) return [h("p", {}, say("noImages"))];
  if (done < 1) return [h("p", { role: "status" }, say("working", { percent: Math.floor(100 * done) }))];
  const { truth, answer } = current, count = confusion[truth * classes.length + answer];
  return [h("h4", {}, say(truth === answer ? "rightImages" : "wrongImages", { truth: classes[truth], answer: classes[answer], count, stored: found.length }))];
}

/**
 * @param {App} app
 * @param {Answers} result
 * @param {number} number
 */
function openerOf(app, { predicted, confidence }, number) {
  const { classes, images } = app.run, p = share(confidence[number]), truth = classes[images.test?.labels.values[number] ?? 0];
  return opener(app, "test", number, { size: 56, caption: p, label: app.words(WORDS)("openTest", { number, truth, answer: classes[predicted[number]], p }) });
}

/** The way from an image that was opened to the reasons of its answer. @param {App} app */
function whyThis(app) {
  return h("p", {}, h("button", { id: "why-this", onclick: () => app.set({ panel: "why", for: null, against: null }) }, app.words(WORDS)("whyThis")));
}
