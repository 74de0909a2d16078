/** Long computations in slices, between which the page stays alive. */

/** @typedef {import("./app.js").App} App */

const SLICE = 24; // milliseconds: a frame or two
const NEWS = 250; // milliseconds between two paintings of what is there so far

/**
 * A computation: its result when it is done; before, what it yielded last.
 * @template T
 * @typedef {{result: T|null, share: number, problem: string|null}} Job
 */

/**
 * Returns a computation that is under way or done; when it is done, the page is painted anew. One of the same name for other
 * values ends it.
 * @template T
 * @param {App} app
 * @param {string} name
 * @param {any[]} of  what it depends on, compared by identity
 * @param {() => Generator<number, T, void>} steps  yields the share that is done
 * @returns {Job<T>}
 */
export function inSlices(app, name, of, steps) {
  return app.onceOf(name, of, () => {
    /** @type {Job<T>} */
    const job = { result: null, share: 0, problem: null };
    const generator = steps();
    let told = performance.now();
    const slice = () => {
      if (app.known.get(name)?.result !== job) return;
      const until = performance.now() + SLICE;
      try {
        do {
          const { done, value } = generator.next();
          if (done) return finish(app, job, value);
          job.share = value;
        } while (performance.now() < until);
      } catch (error) {
        job.problem = String(error);
        return app.schedule();
      }
      if (performance.now() - told > NEWS) {
        told = performance.now();
        app.schedule();
      }
      setTimeout(slice);
    };
    setTimeout(slice);
    return job;
  });
}

/**
 * @template T
 * @param {App} app
 * @param {Job<T>} job
 * @param {T} result
 */
function finish(app, job, result) {
  job.result = result;
  job.share = 1;
  app.schedule();
}
