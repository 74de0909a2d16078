/** The doctor's findings of the run, with what they mean, linked to the part of the page that shows it. */

import { fill, h } from "../../base/dom.js";
import { short } from "../../charts/raster.js";
import { MEANINGS } from "./meanings.js";
import { WORDS } from "./words.js";

/** @typedef {import("../../base/app.js").App} App */
/** @typedef {import("../../base/types.js").Finding} Finding */

/**
 * @param {HTMLElement} root
 * @param {App} app
 */
export function mountFindings(root, app) {
  const say = app.words(WORDS), mean = app.words(MEANINGS), list = h("div");
  fill(root, h("h3", {}, say("findings")), list);
  /** @type {any} */
  let painted;
  return {
    update() {
      const { findings } = app.run;
      if (painted === findings) return;
      painted = findings;
      fill(list, ...(findings.length ? findings.map((finding) => card(app, finding, say, mean)) : [h("p", { class: "good" }, say(app.run.command ? "healthy" : "noTraining"))]));
    },
  };
}

/**
 * @param {App} app
 * @param {Finding} finding
 * @param {import("../../base/words.js").Say} say
 * @param {import("../../base/words.js").Say} mean
 */
function card(app, finding, say, mean) {
  const target = targetOf(app, finding), epoch = /** @type {any} */ (finding).epoch;
  const evidence = Object.entries(finding.evidence).map(([name, value]) => `${name} ${typeof value === "number" ? short(value) : value}`).join(", ");
  return h("div", { class: "finding", "data-finding": finding.name }, h("h4", {}, finding.name, epoch ? h("span", { class: "pale" }, ` · ${say("inEpoch", { epoch: short(epoch) })}`) : ""),
    h("p", {}, finding.name in MEANINGS.en ? mean(finding.name) : say("unknownFinding")),
    h("dl", { lang: "en" }, h("dt", { lang: app.language }, say("message")), h("dd", {}, finding.message), h("dt", { lang: app.language }, say("evidence")), h("dd", {}, evidence),
      h("dt", { lang: app.language }, say("remedy")), h("dd", {}, finding.remedy)),
    target && h("button", { class: "small", onclick: () => go(app, target.state) }, say(target.label)));
}

/**
 * Shows a part of the page.
 * @param {App} app
 * @param {Record<string, any>} state
 */
function go(app, state) {
  app.set(state);
  requestAnimationFrame(() => requestAnimationFrame(() => document.getElementById("units-of-layer")?.scrollIntoView({ block: "nearest" })));
}

/**
 * Where the page shows what a finding is about.
 * @param {App} app
 * @param {Finding} finding
 * @returns {{label: string, state: Record<string, any>}|null}
 */
export function targetOf(app, { name, evidence }) {
  if (name === "dead-units" || name === "saturated-units") {
    const of = Object.keys(evidence).map((key) => key.replace(/^.* share of /, "")), layer = app.run.layers.findIndex((each) => of.includes(each.name));
    return layer < 0 ? null : { label: "showUnits", state: { panel: "units", layer, unit: null } };
  }
  if (["class-never-predicted", "labels-shifted", "too-good", "imbalance"].includes(name)) return { label: "showConfusion", state: { panel: "set" } };
  if (["chance-level", "loss-rising", "loss-not-finite", "train-test-apart", "running-statistics"].includes(name)) return { label: "showCurve", state: { panel: "replay" } };
  return null;
}
