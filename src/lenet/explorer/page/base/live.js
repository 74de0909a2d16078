/** A page that is served while its network learns: asks for new points, stops the training, and opens newer weights. */

import { fill, h } from "./dom.js";

/** @typedef {import("./app.js").App} App */
/** @typedef {{state: string, stop: string, weights: string, offset: number}} Live  where to ask, and what the page has */
/**
 * @typedef {{state: string, isReset: boolean, problem: string, weights: string, offset: number, epochsPlanned: number,
 *   chunks: any[], epochs: any[], findings: any[]}} News
 */

const SECONDS = 2; // from one question to the next
const IDLE = 4; // seconds without a key or a touch, after which the page may be opened anew

const WORDS = {
  en: {
    training: "Training: epoch {epoch} of {planned}, loss {loss}", stopping: "The training saves and stops…",
    stopped: "The training was stopped; lenet train --resume continues it.", finished: "The training has ended.",
    gone: "The program that serves this page has ended. The page goes on working.",
    stop: "Stop and save", newer: "Show the newest weights", refused: "The training could not be stopped: {problem}",
  },
  zh: {
    training: "训练中:第 {epoch} / {planned} 轮,损失 {loss}", stopping: "正在保存并停止训练……",
    stopped: "训练已停止;可用 lenet train --resume 继续。", finished: "训练已结束。",
    gone: "提供此页面的程序已结束。页面仍可继续使用。",
    stop: "停止并保存", newer: "显示最新权重", refused: "无法停止训练:{problem}",
  },
};

/**
 * Adds the points that a curve does not have yet.
 * @param {{step: number}[]} points
 * @param {{step: number}[]} more
 */
export function addNewer(points, more) {
  const last = points.length ? points[points.length - 1].step : -1;
  points.push(...more.filter((point) => point.step > last));
}

/**
 * What the page does about newer weights: nothing, open them now, or offer a button because someone is at work here.
 * @param {News} news
 * @param {string} shown  the weights that the page has
 * @param {boolean} isBusy
 * @returns {""|"open"|"offer"}
 */
export function whatToDo(news, shown, isBusy) {
  if (!news.isReset && (!news.weights || news.weights === shown || news.problem)) return "";
  return isBusy ? "offer" : "open";
}

/**
 * Follows the training, if the page is served.
 * @param {App} app
 * @param {HTMLElement} root
 */
export function follow(app, root) {
  const live = /** @type {Live|undefined} */ (app.data.live);
  if (!live) return;
  const text = h("span"), stop = h("button"), newer = h("button", { hidden: true, onclick: () => location.reload() });
  const bar = h("div", { id: "live", role: "status" }, text, stop, newer);
  root.querySelector("header")?.after(bar);
  /** @type {{state: string, planned: number, problem: string}} */
  const known = { state: "", planned: 0, problem: "" };
  const paint = () => {
    const say = app.words(WORDS), { chunks } = app.run.points, last = chunks[chunks.length - 1];
    const values = { epoch: (last?.epoch ?? 0).toFixed(2), planned: known.planned, loss: last?.train_loss.toPrecision(4) ?? "–" };
    const sentence = known.problem ? say("refused", { problem: known.problem }) : known.state ? say(known.state, values) : "";
    if (text.textContent !== sentence) fill(text, sentence);
    if (stop.textContent !== say("stop")) fill(stop, say("stop"));
    if (newer.textContent !== say("newer")) fill(newer, say("newer"));
    stop.hidden = known.state !== "training";
    bar.dataset.state = known.state;
  };
  stop.onclick = async () => {
    stop.disabled = true;
    const answer = await fetch(live.stop, { method: "POST" }).then((response) => response.json(), () => null);
    known.problem = answer?.problem ?? "";
    if (answer?.isStopping) known.state = "stopping";
    stop.disabled = false;
    paint();
  };
  let touched = 0;
  for (const event of ["pointerdown", "pointermove", "keydown", "input", "wheel"]) {
    addEventListener(event, () => { touched = performance.now(); }, { passive: true });
  }
  const isBusy = () => !document.hidden && (app.held.size > 0 || performance.now() - touched < 1000 * IDLE);
  const look = async () => {
    /** @type {News|null} */
    const news = await fetch(`${live.state}?from=${live.offset}`).then((response) => response.json(), () => null);
    known.state = news?.state ?? "gone";
    if (news) {
      known.planned = news.epochsPlanned;
      const todo = whatToDo(news, live.weights, isBusy());
      if (todo === "open") return location.reload();
      newer.hidden = todo !== "offer";
      live.offset = news.offset;
      take(app, news);
    }
    paint();
    setTimeout(look, 1000 * SECONDS);
  };
  app.listeners.push(paint);
  look();
}

/**
 * Adds new points to the run that is watched, the first of the page.
 * @param {App} app
 * @param {News} news
 */
function take(app, news) {
  const [run] = app.data.runs;
  if (!news.chunks.length && !news.epochs.length && !news.findings.length) return;
  addNewer(run.points.chunks, news.chunks);
  addNewer(run.points.epochs, news.epochs);
  const reported = new Set(run.findings.map((finding) => finding.name));
  run.findings.push(...news.findings.filter((finding) => !reported.has(finding.name)));
  app.schedule();
}
