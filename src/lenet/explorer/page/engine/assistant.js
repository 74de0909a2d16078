/** The page's worker, as the page sees it: it is asked, and answers later. */

import { work } from "./worker.js";

/** @typedef {{resolve: (result: any) => void, reject: (error: Error) => void, tell: (progress: any) => void}} Waiting */

/** A worker that runs the page's own script; where there can be none, the page does the work itself. */
export class Assistant {
  /** @param {import("../base/types.js").Numbers} bytes  the kernels' module */
  constructor(bytes) {
    /** @type {Map<number, Waiting>} */
    this.waiting = new Map();
    this.asked = 0;
    this.port = portOf();
    this.port.onmessage = (/** @type {{data: any}} */ { data }) => this.take(data);
    /** Resolves when the kernels are compiled. */
    this.ready = this.ask("load", { bytes });
    this.ready.catch(() => {}); // the next task that waits for it reports the error
  }

  /**
   * Asks for work; see worker.js for what there is.
   * @param {string} kind
   * @param {object} message
   * @param {(progress: any) => void} [tell]
   * @returns {Promise<any>}
   */
  ask(kind, message = {}, tell = () => {}) {
    const id = (this.asked += 1);
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject, tell });
      this.port.postMessage({ ...message, id, kind });
    });
  }

  /** @param {{id: number, kind: string, result?: any, progress?: any, message?: string}} data */
  take({ id, kind, result, progress, message }) {
    const waiting = this.waiting.get(id);
    if (kind === "progress") return waiting?.tell(progress);
    this.waiting.delete(id);
    if (kind === "done") waiting?.resolve(result);
    else waiting?.reject(new Error(message));
  }
}

/**
 * What messages go through: a worker, or a channel to the same code in the page.
 * @returns {any}
 */
function portOf() {
  try {
    const program = document.getElementById("program")?.textContent;
    if (!program) throw new Error("the page's script is not in the page");
    return new Worker(URL.createObjectURL(new Blob([program], { type: "text/javascript" })));
  } catch {
    const { port1, port2 } = new MessageChannel();
    work(port2);
    return port1;
  }
}
