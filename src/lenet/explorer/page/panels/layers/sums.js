/** How a number is computed, in words and real numbers: float32 printed so that they read back to the same bits. */

import { h } from "../../base/dom.js";
import { floatText, inFormula } from "../../base/floats.js";
import { denseTable, patchTables } from "./tables.js";
import { cellText, kindText } from "./describe.js";
import { indexOf, shapeOf } from "./fields.js";

/** @typedef {import("../../base/dom.js").Child} Child */
/** @typedef {import("./fields.js").Cell} Cell */
/** @typedef {import("./chain.js").Link} Link */
/** @typedef {{app: import("../../base/app.js").App, say: import("../../base/words.js").Say, pick: (cell: Cell) => void}} Context */

/**
 * The arithmetic of a cell.
 * @param {Context} context
 * @param {Cell} cell
 * @param {Link[]} chain  of the cell; none for the input
 * @returns {Node[]}
 */
export function arithmeticOf(context, cell, chain) {
  if (!chain.length) return [pixelOf(context, cell)];
  return chain.map((link, i) => partOf(context, link, i === 0));
}

/** @param {Context} context @param {Link} link @param {boolean} isFirst */
function partOf(context, { cell, arithmetic }, isFirst) {
  const { app, say, pick } = context, { network } = app, { kind, value } = arithmetic;
  const title = cellText(say, network, cell, app.run.classes);
  const heading = !isFirst && h("h4", {}, h("button", { class: "link", "data-key": `c${cell.layer}`, onclick: () => pick(cell) }, title));
  const steps = stepsOf(context, { cell, arithmetic });
  const isOff = app.off.get(cell.layer)?.has(cell.unit);
  const computed = floatText(lastOf(arithmetic));
  const output = h("p", { class: "result" }, `${say("output")}: `, h("output", { "data-output": kind }, floatText(value)));
  return h("div", { class: "sumpart", "data-layer": cell.layer, "data-kind": kind }, heading, output,
    isOff && h("p", { class: "bad" }, say("offNote", { value: computed })), ...steps);
}

/**
 * What the arithmetic comes to: the output, unless the unit is switched off.
 * @param {import("../../engine/arithmetic.js").Arithmetic} arithmetic
 */
function lastOf({ kind, terms, groups, window, winner, sums, share, rows, value }) {
  if (kind === "dense") return groups?.at(-1)?.total ?? value;
  if (terms.length) return terms[terms.length - 1].sum;
  if (window && winner !== undefined) return window[winner].value;
  if (sums && share) return Math.fround(sums[2] * share);
  return rows && share ? Math.fround(rows[rows.length - 1].total * share) : value;
}

/** @param {Context} context @param {Link} link @returns {Child[]} */
function stepsOf(context, link) {
  const { app, say } = context, { cell, arithmetic } = link, { before = 0, kind, value } = arithmetic;
  switch (kind) {
    case "convolution": return productsOf(context, link);
    case "batch-norm": return normalizationOf(context, link);
    case "activation": {
      const name = kindText(say, app.network, cell.layer);
      return [formula(say("applies", { function: name, before: floatText(before), value: floatText(value) }))];
    }
    case "pooling": return poolingOf(context, link);
    case "global-pooling": return meanOf(context, link);
    case "dense": return [...firstOf(context, link), ...denseTable(context, link), lastLine(say, lastOf(arithmetic))];
    default: return [formula(say(kind === "dropout" ? "dropped" : "same", { value: floatText(before) }))];
  }
}

/** @param {Context} context @param {Link} link @returns {Child[]} */
function productsOf(context, link) {
  const { say } = context, { terms } = link.arithmetic, last = terms[terms.length - 1].sum;
  const hasPadding = terms.some((term) => isOutside(context, link, term)), hasLeftOut = terms.some((term) => term.isLeftOut);
  return [
    ...firstOf(context, link), lastLine(say, last), h("p", { class: "pale" }, say("how", { count: terms.length })),
    hasPadding && h("p", { class: "pale" }, say("padding"), hasLeftOut && ` ${say("leftOut")}`),
    patchTables(context, link, (term) => isOutside(context, link, term)),
  ];
}

/** @param {Context} context @param {Link} link @returns {Child[]} */
function normalizationOf(context, link) {
  const { say } = context, { before = 0, normalization, value } = link.arithmetic;
  if (!normalization) return [];
  const { isFolded, ...numbers } = normalization;
  const texts = Object.fromEntries(Object.entries(numbers).map(([name, number]) => [name, floatText(number)]));
  const described = h("p", {}, say("normalization", texts));
  if (isFolded) {
    return [described, h("p", {}, say("before", { value: floatText(before) })), h("p", { class: "pale" }, say("folded")), ...productsOf(context, link)];
  }
  const line = `${floatText(before)} × ${inFormula(numbers.scale)} + ${inFormula(numbers.shift)} = ${floatText(value)}`;
  return [described, h("p", {}, say("plain", texts)), formula(line)];
}

/** @param {Context} context @param {Link} link @returns {Child[]} */
function poolingOf(context, { cell, arithmetic }) {
  const { say, pick } = context, { window = [], winner, sums = [], value } = arithmetic;
  const rows = [0, 2].map((first) => h("tr", {}, ...[first, first + 1].map((i) => {
    const { row, column, value: number } = window[i], source = { layer: cell.layer - 1, unit: cell.unit, row, column };
    return h("td", { class: i === winner ? "winner" : "" },
      h("button", { class: "link", "data-key": `p${i}`, onclick: () => pick(source) }, floatText(number)),
      i === winner && h("span", { class: "pale" }, ` ${say("winner")}`));
  })));
  const isTie = winner !== undefined && window.filter((each) => each.value === window[winner].value).length > 1
    && window.some((each) => each.compared !== each.value);
  const [a, b, c, d] = window.map((each) => inFormula(each.value));
  const line = winner === undefined ? say("averaged", { a, b, c, d, sum: inFormula(sums[2]), value: floatText(value) })
    : `max(${window.map((each) => floatText(each.value)).join(", ")}) = ${floatText(window[winner].value)}`;
  return [h("p", { class: "pale" }, say(winner === undefined ? "average" : "window")), h("table", { class: "window" }, h("tbody", {}, ...rows)),
    formula(line), isTie && h("p", { class: "pale" }, say("compared"))];
}

/** @param {Context} context @param {Link} link @returns {Child[]} */
function meanOf({ say }, { arithmetic: { rows = [], share = 0, value } }) {
  const total = rows[rows.length - 1]?.total ?? 0;
  const head = h("thead", {}, h("tr", {}, ...["row", "sum", "total"].map((key) => h("th", { scope: "col" }, say(key)))));
  const body = h("tbody", {}, ...rows.map((row, i) => h("tr", {}, h("td", {}, i), h("td", {}, floatText(row.sum)), h("td", {}, floatText(row.total)))));
  return [h("p", { class: "pale" }, say("global")), scrolling(say("global"), h("table", {}, head, body)),
    formula(say("globalMean", { total: inFormula(total), share: floatText(share), value: floatText(value) }))];
}

/** @param {Context} context @param {Cell} cell */
function pixelOf({ app, say }, cell) {
  const { mean, std } = app.run.preprocessing, [channels] = app.network.inputShape, at = indexOf(app.network, cell);
  const [, height, width] = app.network.inputShape, byte = app.image.pixels[(at % (height * width)) * channels + cell.unit];
  const value = floatText(app.network.inputOf(app.image.pixels)[at]);
  const isPlain = mean === 0 && std === 1;
  return h("div", { class: "sumpart", "data-layer": -1, "data-kind": "input" },
    h("p", { class: "result" }, `${say("output")}: `, h("output", { "data-output": "input" }, value)),
    formula(say(isPlain ? "pixelPlain" : "pixel", { byte, mean: floatText(Math.fround(mean)), std: floatText(Math.fround(std)), value })));
}

/** The line with the bias. @param {Context} context @param {Link} link @returns {Child[]} */
function firstOf({ say }, { arithmetic: { bias } }) {
  return bias === null ? [] : [h("p", {}, `${say("bias")}: `, h("b", { "data-bias": "" }, floatText(bias)))];
}

/** @param {import("../../base/words.js").Say} say @param {number} sum */
function lastLine(say, sum) {
  return h("p", {}, `${say("lastSum")}: `, h("b", { "data-sum": "" }, floatText(sum)));
}

/** @param {string} text */
function formula(text) {
  return h("p", { class: "formula" }, text);
}

/** @param {string} label @param {Node} inside */
function scrolling(label, inside) {
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": label }, inside);
}

/** @param {Context} context @param {Link} link @param {import("../../engine/arithmetic.js").Term} term */
function isOutside({ app }, { cell, arithmetic }, { row, column }) {
  const [, height, width] = shapeOf(app.network, cell.layer - (arithmetic.normalization ? 2 : 1));
  return row < 0 || column < 0 || row >= height || column >= width;
}
