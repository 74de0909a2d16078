/** What came into the page: images by address, as long as it is open, and what is to be said of the last one. */

import { decode } from "../../images/files/decode.js";
import { ImageProblem } from "../../images/problem.js";
import { enoughOf, explain } from "../../images/preprocess.js";
import { pixelsText } from "../../images/drawing/text.js";

/** @typedef {import("../../base/app.js").App} App */
/** @typedef {import("../../images/pixels.js").Image} Image */
/** @typedef {{key: string, values: Record<string, string|number>, isProblem: boolean}} Message */
/** @typedef {{originals: Map<string, Image>, messages: Message[], isBusy: boolean, isDrawing: boolean}} Inbox */

const MOST = 3; // images that are kept: one of 8 megapixels has 24 MB

/** @type {WeakMap<App, Inbox>} */
const INBOXES = new WeakMap();

/** @param {App} app @returns {Inbox} */
export function inboxOf(app) {
  const inbox = INBOXES.get(app) ?? { originals: new Map(), messages: [], isBusy: false, isDrawing: false };
  INBOXES.set(app, inbox);
  return inbox;
}

/**
 * Takes the first of some files as the image.
 * @param {App} app
 * @param {File[]} files
 */
export async function take(app, files) {
  const inbox = inboxOf(app), [file] = files;
  if (!file || inbox.isBusy) return;
  const say = (/** @type {string} */ key, values = {}, isProblem = false) => {
    inbox.messages.push({ key, values: { name: file.name, ...values }, isProblem });
  };
  Object.assign(inbox, { messages: [], isBusy: true });
  if (files.length > 1) say("several", { count: files.length });
  app.schedule();
  try {
    const { image, width, height, divisor, noise } = await decode(file, enoughOf(app.run.preprocessing));
    const { seen } = explain(image, app.run.preprocessing);
    say(divisor > 1 ? "takenReduced" : "taken", { width, height, divisor });
    if (noise) say("noise", { noise });
    keep(inbox, `seen:${pixelsText(seen)}`, image);
    app.set({ image: `seen:${pixelsText(seen)}`, pixels: "", steps: "" });
  } catch (error) {
    if (!(error instanceof ImageProblem)) throw error;
    say(error.code, error.values, true);
  } finally {
    inbox.isBusy = false;
    app.schedule();
  }
}

/**
 * @param {Inbox} inbox
 * @param {string} address
 * @param {Image} image
 */
function keep({ originals }, address, image) {
  originals.delete(address);
  originals.set(address, image);
  for (const each of originals.keys()) if (originals.size > MOST) originals.delete(each);
}

/**
 * Takes what is dropped or pasted anywhere on the page. Once for a page: a panel is made anew for another language.
 * @param {App} app
 */
export function listen(app) {
  app.onceOf("input listens", [app], () => {
    addEventListener("dragover", (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = "copy";
      document.body.classList.add("dropping");
    });
    for (const name of ["dragleave", "drop", "dragend"]) addEventListener(name, () => document.body.classList.remove("dropping"));
    addEventListener("drop", (event) => {
      if (!event.dataTransfer?.files.length) return;
      event.preventDefault();
      take(app, [...event.dataTransfer.files]);
    });
    addEventListener("paste", (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (!files.length) return;
      event.preventDefault();
      take(app, files);
    });
    return true;
  });
}
