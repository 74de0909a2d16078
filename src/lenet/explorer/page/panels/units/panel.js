/** The panel of units: the doctor's findings, histograms of values and weights, dead and saturated units. */

import { fill, h } from "../../base/dom.js";
import { mountFindings } from "./findings.js";
import { mountLayers, mountUnits } from "./layers.js";
import { WORDS } from "./words.js";

/** @typedef {import("../../base/app.js").App} App */

/** @type {import("../../base/types.js").Panel} */
export const panel = { id: "units", place: "tab", words: WORDS, mount };

/** @param {HTMLElement} root @param {App} app */
function mount(root, app) {
  const parts = [mountFindings, mountLayers, mountUnits].map((mountPart) => {
    const section = h("section", { class: "card" });
    return { section, part: mountPart(section, app) };
  });
  fill(root, ...parts.map((each) => each.section));
  return {
    update() {
      for (const { part } of parts) part.update();
    },
  };
}
