/** Two networks side by side: both answers and maps for the same image, and the images on which they disagree. */

import { fill, h } from "../../base/dom.js";
import { opener } from "../../charts/thumbs.js";
import { Pages } from "../pages.js";
import { share } from "../why/sentences.js";
import { disagreementsOf } from "./disagreements.js";
import { sideBySide } from "./maps.js";
import { WORDS } from "./words.js";

/** @typedef {import("../../base/app.js").App} App */
/** @typedef {import("../../base/words.js").Say} Say */
/** @typedef {import("./disagreements.js").Disagreements} Disagreements */

const MOST_CLASSES = 10;
const PAGE = 60; // images

/** @type {import("../../base/types.js").Panel} */
export const panel = { id: "compare", place: "tab", words: WORDS, mount, state: { beside: null, besidePage: 0 } };

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
  const other = h("select", { onchange: (/** @type {any} */ event) => app.set({ beside: Number(event.target.value), besidePage: 0 }) });
  const name = h("span"), sentences = h("div", { role: "status" }), table = h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": say("title") }), counted = h("p"), maps = sideBySide(app, say);
  const pages = new Pages(app, { label: say("disagreements"), entry: "besidePage", size: PAGE, look: "row thumbs" });
  fill(alone, h("p", {}, say("one")), h("p", {}, h("code", {}, "lenet explore RUN RUN2")), h("p", { class: "pale" }, say("trained")));
  fill(both, h("label", {}, name, " ", other), sentences, h("h3", {}, say("answers")), table, h("h3", {}, say("disagreements")), counted, pages.element,
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
      app.onceOf("compare list", [result ?? done, one, two, app.state.besidePage, app.language, pages], () => {
        counted.textContent = countOf(app, say, [one, two], result, done);
        pages.element.hidden = !result?.images.length;
        return result && pages.paint(result.images.length, (place) => openerOf(app, say, [one, two], result, place), "");
      });
      pages.press();
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
 * On how many images they disagree, in words.
 * @param {App} app
 * @param {Say} say
 * @param {number[]} pair
 * @param {Disagreements|null} found
 * @param {number} done
 */
function countOf(app, say, pair, found, done) {
  const { runs } = app.data, [one, two] = pair.map((run) => runs[run].name);
  if (!runs[pair[0]].images.test) return say("noImages");
  if (!found) return say("working", { percent: Math.floor(100 * done) });
  const { count, total, right, images } = found;
  if (!count) return say("none");
  const text = right ? say("counted", { count, total, first: right[0], second: right[1], neither: right[2], one, two, stored: images.length }) : say("found", { count, total });
  return `${text} ${say("caption", { one, two })}`;
}

/**
 * The button of one of the images on which they disagree.
 * @param {App} app
 * @param {Say} say
 * @param {number[]} pair
 * @param {Disagreements} found
 * @param {number} place
 */
function openerOf(app, say, pair, { images, first, second }, place) {
  const { runs } = app.data, { classes, images: stored } = runs[pair[0]], [one, two] = pair.map((run) => runs[run].name), number = images[place];
  const label = stored.test?.labels.values[number] ?? 0, names = { truth: classes[label], first: classes[first[place]], second: classes[second[place]] };
  return opener(app, "test", number, { size: 56, caption: `${names.truth}: ${names.first} | ${names.second}`, label: say("open", { number, one, two, ...names }) });
}
