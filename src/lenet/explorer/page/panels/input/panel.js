/** The panel through which images come: drawn, from a file or the camera, or pasted. */

import { fill, h } from "../../base/dom.js";
import { inboxOf, listen, take } from "./inbox.js";
import { Pad } from "./pad.js";
import { problemText } from "./problems.js";
import { WORDS } from "./words.js";
import { warmUp } from "./warm_up.js";

/** @typedef {import("../../base/app.js").App} App */

/** @type {import("../../base/types.js").Panel} */
export const panel = { id: "input", place: "side", words: WORDS, mount };

/** @param {HTMLElement} root @param {App} app */
function mount(root, app) {
  const say = app.words(WORDS), pad = new Pad(app), news = h("div", { role: "status" });
  listen(app);
  warmUp(app);
  fill(root, pad.element, files(app), h("p", { class: "pale" }, say("hint")), news);
  let told = "";
  return {
    update() {
      pad.update();
      const { messages, isBusy } = inboxOf(app), { problem } = app.image;
      const lines = messages.map(({ key, values, isProblem }) => ({ text: say(key, values), isProblem }));
      if (isBusy) lines.push({ text: say("busy"), isProblem: false });
      if (problem) lines.push({ text: problemText(app, problem), isProblem: problem.code !== "undrawn" });
      const key = JSON.stringify(lines);
      if (key === told) return;
      told = key;
      fill(news, ...lines.map(({ text, isProblem }) => h("p", { class: isProblem ? "bad" : "" }, text)));
    },
  };
}

/** The buttons for files, and on devices with a touch screen for the camera. @param {App} app */
function files(app) {
  const say = app.words(WORDS);
  const button = (/** @type {string} */ key, /** @type {Record<string, any>} */ attributes) => {
    const input = h("input", { type: "file", class: "hidden", tabindex: -1, "aria-label": say(key), ...attributes });
    input.addEventListener("change", () => {
      take(app, [...input.files ?? []]);
      input.value = ""; // so that the same file may be chosen again
    });
    return h("span", {}, h("button", { onclick: () => input.click() }, say(key)), input);
  };
  const hasCamera = matchMedia("(pointer: coarse)").matches;
  return h("div", { class: "row files" }, button("choose", { accept: "image/*,.heic,.heif" }),
    hasCamera && button("photo", { capture: "environment", accept: "image/*" }));
}
