/** The answer to "why?" in sentences, made from the numbers. */

import { short } from "../../charts/raster.js";
import { partOf } from "./covering.js";

/** @typedef {import("../../base/words.js").Say} Say */
/**
 * What is known of an answer.
 * @typedef {object} Facts
 * @property {string[]} classes
 * @property {number} label  the answer
 * @property {number|null} truth  the image's own label
 * @property {number} a  the class that is asked about
 * @property {number} b  the one it is compared with
 * @property {ArrayLike<number>} probabilities
 * @property {{reading: import("./covering.js").Reading, probabilities: Float64Array, input: import("./covering.js").Input, edge: number}|null} covered
 * @property {{lead: import("./contributions.js").Lead, sides: ReturnType<typeof import("./contributions.js").sidesOf>}|null} lead
 * @property {{tally: [number, number][], nearest: number, distance: number}|null} neighbours
 * @property {{score: number|null, reason: "far"|"weak"|null}|null} verdict
 */

/**
 * A probability as people read it: 0.91, and not 1.00 for what is a little less.
 * @param {number} p
 */
export function share(p) {
  if (p >= 0.995 && p < 1) return p > 0.9999 ? "> 0.9999" : p.toFixed(4);
  if (p > 0 && p < 0.005) return p < 0.0001 ? "< 0.0001" : p.toFixed(4);
  return p.toFixed(2);
}

/**
 * The sentences, the most important first.
 * @param {Facts} facts
 * @param {Say} say
 * @returns {{kind: string, text: string}[]}
 */
export function sentences(facts, say) {
  const parts = [answer(facts, say), covers(facts, say), opening(facts, say), units(facts, say), neighbours(facts, say), verdict(facts, say)];
  return parts.filter((each) => each !== null);
}

/** @param {Facts} facts @param {Say} say */
function answer({ classes, label, truth, probabilities }, say) {
  const values = { answer: classes[label], p: share(probabilities[label]) };
  if (truth === null) return { kind: "answer", text: say("open", values) };
  if (truth === label) return { kind: "answer", text: say("right", values) };
  return { kind: "mistake", text: say("wrong", { ...values, truth: classes[truth], q: share(probabilities[truth]) }) };
}

/** What a cover does to the answer. @param {Facts} facts @param {Say} say */
function covers({ classes, label, truth, covered }, say) {
  if (!covered) return null;
  const { reading, probabilities, input, edge } = covered, count = classes.length;
  const at = (/** @type {number} */ place, /** @type {number} */ of) => share(probabilities[place * count + of]), whole = input.height * input.width;
  const preferred = truth !== null && reading.turns.has(truth) ? truth : [...reading.turns].sort((x, y) => y[1].length - x[1].length)[0]?.[0];
  const values = { edge, answer: classes[label], p: at(whole, label) };
  if (preferred === undefined) {
    const place = strongestPlace(probabilities, count, label, reading.answers.map((_, i) => i));
    return { kind: "cover", text: say("holds", { ...values, ...where(place, input, say), q: at(place, label) }) };
  }
  const places = /** @type {number[]} */ (reading.turns.get(preferred)), place = strongestPlace(probabilities, count, label, places);
  const turned = { ...values, ...where(place, input, say), q: at(place, label), other: classes[preferred], from: at(whole, preferred), to: at(place, preferred) };
  const more = say("turnsAt", { count: places.length, all: whole, other: classes[preferred] });
  return { kind: "cover", text: `${say(preferred === truth ? "turnsRight" : "turns", turned)} ${more}` };
}

/** What holds the other class down. @param {Facts} facts @param {Say} say */
function opening({ classes, b, covered }, say) {
  if (!covered) return null;
  const { reading, probabilities, input, edge } = covered, count = classes.length, whole = input.height * input.width;
  const from = probabilities[whole * count + b], to = probabilities[reading.opening * count + b];
  if (to - from < 0.05 || reading.answers[reading.opening] === b) return null;
  const values = { edge, b: classes[b], from: share(from), to: share(to), ...where(reading.opening, input, say) };
  return { kind: "cover", text: say("opening", values) };
}

/** @param {Facts} facts @param {Say} say */
function units({ classes, a, b, lead }, say) {
  if (!lead) return null;
  const { sides } = lead, first = sides.speaking[0], against = sides.opposing[0];
  const values = { a: classes[a], b: classes[b], lead: signed(lead.lead.lead), pro: signed(sides.pro), contra: signed(sides.contra), constant: signed(lead.lead.constant) };
  const most = first ? say("most", { a: classes[a], unit: first.unit, value: signed(first.product) }) : "";
  const least = against ? say("least", { b: classes[b], unit: against.unit, value: signed(against.product) }) : "";
  return { kind: "units", text: [say("lead", values), most, least].filter(Boolean).join(" ") };
}

/** @param {Facts} facts @param {Say} say */
function neighbours({ classes, label, truth, neighbours: found }, say) {
  if (!found) return null;
  const total = found.tally.reduce((sum, [, count]) => sum + count, 0);
  const list = found.tally.map(([of, count]) => say("ofClass", { count, name: classes[of] })).join(say("comma"));
  const first = say("neighbours", { total, list, nearest: classes[found.nearest], distance: short(found.distance) });
  const own = found.tally.find(([of]) => of === label)?.[1] ?? 0, right = truth === null ? 0 : found.tally.find(([of]) => of === truth)?.[1] ?? 0;
  const isMistake = truth !== null && truth !== label;
  const rest = isMistake && 2 * own > total ? say("lookLike", { answer: classes[label] }) // most of them, not just more than others
    : isMistake && 2 * right > total ? say("lookRight", { truth: classes[/** @type {number} */ (truth)] }) : "";
  return { kind: "neighbours", text: [first, rest].filter(Boolean).join(" ") };
}

/** @param {Facts} facts @param {Say} say */
function verdict({ verdict: judged }, say) {
  if (!judged || judged.score === null) return null;
  return { kind: judged.reason ? "unknown" : "known", text: say(judged.reason ?? "known", { score: judged.score.toFixed(2) }) };
}

/**
 * The place at which a class is least probable.
 * @param {Float64Array} probabilities
 * @param {number} classes
 * @param {number} label
 * @param {ArrayLike<number>} places
 */
function strongestPlace(probabilities, classes, label, places) {
  let found = places[0];
  for (let i = 1; i < places.length; i += 1) {
    if (probabilities[places[i] * classes + label] < probabilities[found * classes + label]) found = places[i];
  }
  return found;
}

/** @param {number} place @param {import("./covering.js").Input} input @param {Say} say */
function where(place, input, say) {
  return { where: say(partOf(place, input)), row: Math.floor(place / input.width), column: place % input.width };
}

/**
 * A number with its sign.
 * @param {number} value
 */
export function signed(value) {
  return `${value < 0 ? "−" : "+"}${short(Math.abs(value))}`;
}
