/** Two networks side by side: both answers and maps for the same image, and the images on which they disagree. */

import { fill, h } from "../../base/dom.js";
import { opener } from "../../charts/thumbs.js";
import { share } from "../why/sentences.js";
import { disagreementsOf } from "./disagreements.js";
import { sideBySide } from "./maps.js";
import { WORDS } from "./words.js";

/** @typedef {import("../../base/app.js").App} App */
/** @typedef {import("../../base/words.js").Say} Say */

const MOST_CLASSES = 10, MOST_IMAGES = 200;

/** @type {import("../../base/types.js").Panel} */
export const panel = { id: "compare", place: "tab", words: WORDS, mount, state: { beside: null } };

/**
 * The numbers of the two runs: the one that is looked at, and another.
 * @param {App} app
 * @returns {[number, number]}
 */
export function pairOf(app) {
  const one = app.runNumber, count = app.data.runs.length, asked = Number(app.state.beside ?? NaN);
  const isThere = Number.isInteger(asked) && asked >= 0 && asked < count && asked !== one;
  return [one, isThere ? asked : one === 0 ? 1 : 0];
}

/** @param {HTMLElement} root @param {App} app */
function mount(root, app) {
  const say = app.words(WORDS), alone = h("div"), both = h("div");
  const other = h("select", { onchange: (/** @type {any} */ event) => app.set({ beside: Number(event.target.value) }) });
  const name = h("span"), sentences = h("div", { role: "status" }), table = h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": say("title") }), list = h("div"), maps = sideBySide(app, say);
  fill(alone, h("p", {}, say("one")), h("p", {}, h("code", {}, "lenet explore RUN RUN2")), h("p", { class: "pale" }, say("trained")));
  fill(both, h("label", {}, name, " ", other), sentences, h("h3", {}, say("answers")), table, h("h3", {}, say("disagreements")), list,
    h("h3", {}, say("maps")), h("p", { class: "pale" }, say("mapsHint")), maps.element);
  fill(root, alone, both);
  return {
    update() {
      const { runs } = app.data, isPair = runs.length > 1;
      alone.hidden = isPair;
      both.hidden = !isPair;
      if (!isPair) return;
      const [one, two] = pairOf(app);
      app.onceOf("compare names", [one, two, runs.length, app.language, other], () => {
        name.textContent = say("beside", { name: runs[one].name });
        return fill(other, ...runs.flatMap((run, i) => (i === one ? [] : [h("option", { value: i, selected: i === two }, run.name)])));
      });
      const answers = [app.answerOf(one), app.answerOf(two)];
      app.onceOf("compare answers", [...answers, app.image, app.state.snapshot, app.language, sentences], () => {
        fill(sentences, ...sentencesOf(app, say, [one, two]).map((text) => h("p", {}, text)));
        return fill(table, answerTable(app, say, [one, two]));
      });
      const { result, share: done } = disagreementsOf(app, one, two);
      app.onceOf("compare list", [result ?? done, one, two, app.language, list], () => fill(list, ...gallery(app, say, [one, two], result, done)));
      maps.update(one, two);
    },
  };
}

/** What both answer, in words. @param {App} app @param {Say} say @param {number[]} pair */
function sentencesOf(app, say, pair) {
  const { runs } = app.data, { classes } = runs[0], { label } = app.image, answers = pair.map((run) => app.answerOf(run));
  const measured = pair.map((run) => {
    const { test, name } = runs[run];
    return test ? say("accuracy", { name, percent: (100 * test.accuracy).toFixed(2), count: test.count }) : say("unmeasured", { name });
  });
  const said = answers.map((answer, i) => [
    say("says", { name: runs[pair[i]].name, label: classes[answer.label], p: share(answer.probabilities[answer.label]) }),
    answer.isUnknown && say("unknown")].filter(Boolean).join(" "));
  const verdict = [say(answers[0].label === answers[1].label ? "agree" : "differ"), label !== null && say("truth", { label: classes[label] })];
  return [measured.join("; "), `${said.join(" ")} ${verdict.filter(Boolean).join(" ")}`, ...(app.state.snapshot === null ? [] : [say("moment")])];
}

/** @param {App} app @param {Say} say @param {number[]} pair */
function answerTable(app, say, pair) {
  const { runs } = app.data, { classes } = runs[0], [one, two] = pair.map((run) => app.answerOf(run).probabilities);
  const shown = [...one.keys()].sort((a, b) => Math.max(one[b], two[b]) - Math.max(one[a], two[a]) || a - b).slice(0, MOST_CLASSES);
  const cell = (/** @type {number} */ p) => h("td", { class: "bar" }, h("i", { style: `width:${(100 * p).toFixed(1)}%` }), h("span", {}, share(p)));
  const difference = (/** @type {number} */ apart) => `${apart > 0 ? "+" : apart < 0 ? "−" : ""}${Math.abs(apart).toFixed(4)}`;
  return h("table", { class: "beside" }, h("thead", {}, h("tr", {}, ...[say("class"), ...pair.map((run) => say("probability", { name: runs[run].name })), say("difference")]
    .map((text) => h("th", { scope: "col" }, text)))),
  h("tbody", {}, ...shown.map((label) => h("tr", {}, h("th", { scope: "row" }, classes[label]), cell(one[label]), cell(two[label]), h("td", {}, difference(one[label] - two[label]))))));
}

/**
 * The images on which they disagree.
 * @param {App} app
 * @param {Say} say
 * @param {number[]} pair
 * @param {import("./disagreements.js").Disagreements|null} found
 * @param {number} done
 */
function gallery(app, say, pair, found, done) {
  const { runs } = app.data, { classes, images } = runs[pair[0]], [one, two] = pair.map((run) => runs[run].name);
  if (!images.test) return [h("p", {}, say("noImages"))];
  if (!found) return [h("p", { role: "status" }, say("working", { percent: Math.floor(100 * done) }))];
  const labels = images.test.labels.values, { count, total, right } = found;
  const text = right ? say("counted", { count, total, first: right[0], second: right[1], neither: right[2], one, two, stored: found.images.length })
    : say("found", { count, total });
  return [h("p", {}, count ? `${text} ${say("caption", { one, two })}` : say("none")), h("div", { class: "row thumbs" }, ...found.images.slice(0, MOST_IMAGES).map((number, i) => {
    const names = { truth: classes[labels[number]], first: classes[found.first[i]], second: classes[found.second[i]] };
    return opener(app, "test", number, { size: 56, caption: `${names.truth}: ${names.first} | ${names.second}`, label: say("open", { number, one, two, ...names }) });
  }))];
}
