/** The page's beginning; in a worker, which runs the same script, the worker's. */

import { App } from "./base/app.js";
import { read } from "./base/data.js";
import { follow } from "./base/live.js";
import { open } from "./base/shell.js";
import { Kernels } from "./engine/kernels.js";
import { work } from "./engine/worker.js";
import { PANELS } from "./panels/index.js";

/** Reads the data and opens the page; WebAssembly comes when it is ready. */
async function start() {
  const root = /** @type {HTMLElement} */ (document.getElementById("page"));
  try {
    const data = await read(/** @type {HTMLElement} */ (document.getElementById("data")).textContent ?? "");
    const app = new App(data, Object.assign({}, ...PANELS.map((panel) => panel.state ?? {})));
    open(app, PANELS, root);
    follow(app, root);
    Object.assign(globalThis, { lenet: app }); // for the console, and for tests
    root.dataset.ready = "true";
    requestAnimationFrame(() => setTimeout(() => performance.mark("painted"))); // after the first frame: bench/explorer.py
    if (data.kernels && typeof WebAssembly !== "undefined") {
      app.kernels = await Kernels.load(data.kernels.values);
      app.schedule();
    }
  } catch (error) {
    root.textContent = `This page cannot be shown: ${error}`;
    throw error;
  }
}

/** Runs as a page, or as a worker of one. */
export function main() {
  if (typeof document === "undefined") work(globalThis);
  else start();
}
