/** One line that says what is changed and what the network answered before, and the editor of the chosen weight. */

import { fill, h } from "../../base/dom.js";
import { RESET, countsOf, unchanged } from "./changes.js";
import { weightEditor } from "./weight_editor.js";
import { WORDS } from "./words.js";
import { percent } from "../answer/panel.js";

/** @param {import("../../base/app.js").App} app */
export function changesStrip(app) {
  const say = app.words(WORDS), line = h("div", { class: "row changed-strip", role: "status" }), editor = weightEditor(app);
  let last = "";
  const update = () => {
    editor.update();
    const counts = countsOf(app), isChanged = Object.values(counts).some(Boolean);
    line.classList.toggle("changed", isChanged);
    const before = unchanged(app), { probabilities, label } = app.answer, { classes } = app.run;
    const key = JSON.stringify([counts, before.label, label, before.probabilities[before.label], probabilities[label], app.runNumber]);
    if (key === last) return;
    last = key;
    const hadFocus = line.contains(document.activeElement);
    const reset = h("button", { disabled: !isChanged, onclick: () => app.set({ ...RESET }) }, say("reset"));
    fill(line, h("span", {}, isChanged ? say("changed", counts) : say("nothing")),
      isChanged && h("span", {}, say("from", { before: classes[before.label], share: percent(before.probabilities[before.label]) }), " → ",
        h("b", {}, say("to", { after: classes[label], now: percent(probabilities[label]) }))), reset);
    if (hadFocus) reset.focus();
  };
  return { element: h("div", {}, editor.element, line), update };
}
