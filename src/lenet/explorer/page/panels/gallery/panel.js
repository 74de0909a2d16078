/** The panel with the stored test images. */

import { fill } from "../../base/dom.js";
import { Gallery } from "./gallery.js";
import { WORDS } from "./words.js";

/** @type {import("../../base/types.js").Panel} */
export const panel = {
  id: "gallery",
  place: "side",
  words: WORDS,
  state: { truth: null, answered: null, mistakes: 0, page: 0 },
  mount(root, app) {
    const gallery = new Gallery(app);
    fill(root, gallery.element);
    return gallery;
  },
};
