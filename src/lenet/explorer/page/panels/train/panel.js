/** The panel "Train here": a LeNet learns in the page, and can be saved, or looked into. */

import { fill, h } from "../../base/dom.js";
import { download } from "../../charts/save.js";
import { STATE, formOf, imagesOf, settingsOf } from "./form.js";
import { answerNow, liveOf } from "./live.js";
import { Session, runOf } from "./session.js";
import { sourceOf } from "./source.js";
import { WORDS } from "./words.js";

/** @typedef {import("../../base/app.js").App} App */
/** @typedef {import("../../base/types.js").Run} Run */

/** @type {import("../../base/types.js").Panel} */
export const panel = { id: "train", place: "tab", words: WORDS, state: STATE, mount };

const session = new Session();

/** @param {HTMLElement} root @param {App} app */
function mount(root, app) {
  const say = app.words(WORDS), form = formOf(app, say), live = liveOf(app, say);
  const about = h("p"), status = h("p", { role: "status", "aria-live": "off" }), after = h("div", { class: "row", style: "margin-top:.6rem" });
  const source = () => {
    const name = imagesOf(app);
    return app.onceOf("images to train on", [app.data.runs[0], name], () => sourceOf(app.data, name));
  };
  const begin = () => {
    const some = source();
    if (some) session.start(app, settingsOf(app), some, () => app.schedule());
    app.schedule();
  };
  const button = h("button", { onclick: () => (session.isRunning ? session.stop() : begin()) });
  fill(root, about, form.element, h("p", {}, button), status, live.element, after, h("p", { class: "pale" }, say("same")));
  return {
    update() {
      const some = source(), isSlow = typeof WebAssembly === "undefined" || !app.data.kernels;
      const reason = isSlow ? "slow" : some ? null : "none";
      const counts = { train: some?.images.labels.length ?? 0, test: some?.test.labels.length ?? 0 };
      about.textContent = reason ? say(reason) : say("about", counts);
      if (!reason) about.append(` ${say(imagesOf(app) === "digits" ? "credit" : "hard")}`);
      button.disabled = reason !== null;
      button.textContent = say(session.isRunning ? "stop" : "start");
      form.update(session.isRunning || isSlow);
      live.update(session);
      paintStatus(status, app, say);
      paintAfter(after, app, say);
    },
  };
}

/** @param {HTMLElement} status @param {App} app @param {import("../../base/words.js").Say} say */
function paintStatus(status, app, say) {
  const { last, settings, fault, isRunning } = session;
  status.setAttribute("aria-live", isRunning ? "off" : "polite"); // ten times a second would be read out
  if (fault) return fill(status, say("fault", { message: fault }));
  if (!last || !settings) return fill(status);
  const answer = answerNow(app, session), isWhole = last.epoch >= settings.epochs;
  fill(status,
    !isRunning && !last.hasDiverged && say(isWhole ? "done" : "stopped", { seconds: last.seconds.toFixed(2) }),
    last.hasDiverged ? say("diverged") : say("progress", {
      epoch: last.epoch.toFixed(1), epochs: settings.epochs, step: last.step, loss: last.loss.toFixed(3),
      accuracy: (100 * last.test.accuracy).toFixed(1), speed: Math.round(last.imagesPerSecond).toLocaleString("en"),
    }),
    answer && !last.hasDiverged && ` ${say("shown", answer)}`);
}

/** @param {HTMLElement} after @param {App} app @param {import("../../base/words.js").Say} say */
function paintAfter(after, app, say) {
  const { result, settings, isRunning, source } = session;
  if (isRunning || !result || !settings || !source || result.progress.hasDiverged) return fill(after);
  const file = `${settings.recipe}-${settings.seed}.safetensors`, { data } = source;
  const save = () => download(file, new Blob([result.file], { type: "application/octet-stream" }));
  const show = () => {
    app.data.runs = runsWith(app.data.runs, runOf(session, say("name")));
    app.known.clear(); // of another network under the same number
    app.set({ run: app.data.runs.length - 1, panel: "layers", snapshot: null, units: "", weights: "", layer: null });
  };
  if (after.dataset.of === file && after.childElementCount) return;
  after.dataset.of = file;
  fill(after, h("button", { onclick: show }, say("show")), h("button", { onclick: save }, say("save")),
    h("span", { class: "pale" }, say("saved", { file, data: data ?? "DATA" })));
}

/**
 * The runs of the page with one that was trained in it: beside the first, or alone if that one has other classes or images.
 * @param {Run[]} runs
 * @param {Run} made
 * @returns {Run[]}
 */
function runsWith(runs, made) {
  const [first] = runs, same = JSON.stringify([first.classes, first.input]) === JSON.stringify([made.classes, made.input]);
  return same && first.name !== made.name ? [first, made] : [made];
}
