/**
 * Running the preprocessing a few times while nothing else happens, so that the browser has compiled it before the first stroke:
 * the first one took ten times as long.
 */

import { rasterised } from "../../images/drawing/pen.js";
import { explain } from "../../images/preprocess.js";
import { penOf } from "./sources.js";

/** @typedef {import("../../base/app.js").App} App */

const TIMES = 12;
const PAUSE = 40; // milliseconds
const START = 1200; // milliseconds, after the page is there

/** @type {import("../../images/drawing/pen.js").Stroke} */
const RING = Array.from({ length: 24 }, (_, i) => [
  Math.round(127 + 50 * Math.cos(i / 4)), Math.round(127 + 80 * Math.sin(i / 4)),
]);

/** @param {App} app */
export function warmUp(app) {
  app.onceOf("warm up", [app], () => {
    let left = TIMES;
    const run = () => {
      try {
        explain(rasterised({ isLight: left % 2 === 0, strokes: [RING] }, penOf(app)), app.run.preprocessing);
      } catch {
        return; // what is wrong is said when there is an image
      }
      left -= 1;
      if (left) soon(PAUSE);
    };
    const whenIdle = () => ("requestIdleCallback" in globalThis ? requestIdleCallback(run) : run());
    const soon = (/** @type {number} */ delay) => setTimeout(whenIdle, delay);
    soon(START);
    return true;
  });
}
