/** The panel of the whole test set: confusion matrix, scores of the classes, reliability, the map of the embedding. */

import { fill, h } from "../../base/dom.js";
import { mountConfusion } from "./confusion.js";
import { mountEmbedding } from "./embedding.js";
import { mountReliability, mountScores } from "./scores.js";
import { WORDS } from "./words.js";

/** @typedef {import("../../base/app.js").App} App */

/** @type {import("../../base/types.js").Panel} */
export const panel = {
  id: "set", place: "tab", words: WORDS, mount,
  state: {
    cell: "", // of the confusion matrix: true class.answer
    cellPage: 0, // of the cell's images
    shares: "counts", // or shares of the row
    map: "", // what is seen of the embedding's map: x,y,zoom
    only: null, // the class that the map shows; null: all
  },
};

/** @param {HTMLElement} root @param {App} app */
function mount(root, app) {
  const parts = [mountConfusion, mountEmbedding, mountScores, mountReliability].map((mountPart) => {
    const section = h("section", { class: "card" });
    return { section, part: mountPart(section, app) };
  });
  fill(root, h("div", { class: "cards" }, ...parts.map((each) => each.section)));
  return {
    update() {
      for (const { part } of parts) part.update();
    },
  };
}
