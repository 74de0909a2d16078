/** The frame of the page: heading, tabs, the panels beside them, language and theme. */

import { fill, h } from "./dom.js";
import { saveMenu } from "../charts/save.js";
import { LANGUAGES } from "./words.js";

/** @typedef {import("./types.js").Panel} Panel */
/** @typedef {import("./app.js").App} App */

const WORDS = {
  en: {
    title: "lenet explorer",
    accuracy: "{accuracy} % of {count} test images correct",
    theme: "Dark", light: "Light", language: "Language", network: "Network", panels: "Panels",
    broken: "This part of the page stopped: {message}",
    slow: "This browser has no WebAssembly: everything works, but slower, and no network can be trained here.",
  },
  zh: {
    title: "lenet 探索器",
    accuracy: "{count} 张测试图像中 {accuracy} % 正确",
    theme: "深色", light: "浅色", language: "语言", network: "网络", panels: "面板",
    broken: "页面的这一部分停止了:{message}",
    slow: "此浏览器没有 WebAssembly:一切仍可使用,但较慢,且无法在此训练网络。",
  },
};

/**
 * Builds the page and keeps it up to date.
 * @param {App} app
 * @param {Panel[]} panels
 * @param {HTMLElement} root
 */
export function open(app, panels, root) {
  const side = h("aside", { id: "side" }), tabs = h("div", { role: "tablist", class: "tabs" });
  const work = h("div", { id: "work" }), header = h("header"), notices = h("div", { id: "notices", role: "status" });
  fill(root, header, notices, h("main", {}, side, h("section", { id: "main" }, tabs, work)));
  const inSide = panels.filter((panel) => panel.place === "side").map((panel) => mounted(panel, app, side));
  const inTabs = new Map(panels.filter((panel) => panel.place === "tab").map((panel) => [panel.id, mounted(panel, app, work)]));
  const update = () => {
    const current = inTabs.has(String(app.state.panel)) ? String(app.state.panel) : [...inTabs.keys()][0];
    document.documentElement.dataset.theme = app.theme;
    document.documentElement.lang = app.language;
    paintHeader(header, app);
    paintNotices(notices, app);
    paintTabs(tabs, [...inTabs.values()].map((each) => each.panel), current, app);
    for (const each of inSide) each.update();
    for (const [id, each] of inTabs) {
      each.section.hidden = id !== current;
      if (id === current) each.update();
    }
  };
  app.listeners.push(update);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => app.schedule());
  update();
}

/**
 * A panel in its section: made when it is first seen, and anew when the language changes.
 * @param {Panel} panel
 * @param {App} app
 * @param {HTMLElement} parent
 */
function mounted(panel, app, parent) {
  const heading = h("h2"), body = h("div", { class: "body" });
  const isTab = panel.place === "tab";
  const section = h("section", {
    id: `panel-${panel.id}`, class: "panel", role: isTab ? "tabpanel" : "region",
    "aria-labelledby": isTab ? `tab-${panel.id}` : `heading-${panel.id}`,
  });
  heading.id = `heading-${panel.id}`;
  section.append(h("div", { class: "heading" }, heading, saveMenu(section, panel.id, () => app.language)), body);
  parent.append(section);
  let language = "";
  /** @type {{update: () => void}|null} */
  let inside = null;
  const update = () => {
    try {
      if (inside === null || language !== app.language) {
        language = app.language;
        heading.textContent = app.words(panel.words)("title");
        body.replaceChildren();
        inside = panel.mount(body, app);
      }
      inside.update();
    } catch (error) {
      inside = null;
      fill(body, h("p", { class: "error", role: "alert" }, app.words(WORDS)("broken", { message: String(error) })));
      console.error(error);
    }
  };
  return { panel, section, update };
}

/** @param {HTMLElement} header @param {App} app */
function paintHeader(header, app) {
  const say = app.words(WORDS), { run } = app;
  const test = run.test && say("accuracy", { accuracy: (100 * run.test.accuracy).toFixed(2), count: run.test.count });
  const key = [app.language, app.theme, app.runNumber, ...app.data.runs.map(({ name }) => name), test].join(" ");
  if (header.dataset.key === key) return;
  header.dataset.key = key;
  document.title = `${run.name} · ${say("title")}`;
  const runs = h("select", { "aria-label": say("network"), onchange: (/** @type {any} */ e) => app.set({ run: Number(e.target.value) }) },
    ...app.data.runs.map((each, i) => h("option", { value: i, selected: i === app.runNumber }, each.name)));
  const languages = h("select", { "aria-label": say("language"), onchange: (/** @type {any} */ e) => app.set({ lang: e.target.value }) },
    ...Object.entries(LANGUAGES).map(([code, name]) => h("option", { value: code, lang: code, selected: code === app.language }, name)));
  const isDark = app.theme === "dark";
  const theme = h("button", { onclick: () => app.set({ theme: isDark ? "light" : "dark" }) }, say(isDark ? "light" : "theme"));
  fill(header, h("h1", {}, say("title")),
    h("p", { class: "what" }, app.data.runs.length > 1 ? runs : h("b", {}, run.name), ` ${run.model}`, test && ` · ${test}`),
    h("div", { class: "switches" }, languages, theme));
}

/** @param {HTMLElement} notices @param {App} app */
function paintNotices(notices, app) {
  const texts = [...app.data.notices, ...(typeof WebAssembly === "undefined" ? [app.words(WORDS)("slow")] : [])];
  const key = texts.join("\n");
  if (notices.dataset.key === key) return;
  notices.dataset.key = key;
  fill(notices, ...texts.map((text) => h("p", {}, text)));
}

/**
 * @param {HTMLElement} tabs
 * @param {Panel[]} panels
 * @param {string} current
 * @param {App} app
 */
function paintTabs(tabs, panels, current, app) {
  const key = `${current} ${app.language}`;
  if (tabs.dataset.key === key) return;
  const hadFocus = tabs.contains(document.activeElement);
  tabs.dataset.key = key;
  tabs.setAttribute("aria-label", app.words(WORDS)("panels"));
  const step = (/** @type {KeyboardEvent} */ event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    const at = panels.findIndex((panel) => panel.id === current);
    app.set({ panel: panels[(at + by + panels.length) % panels.length].id });
    event.preventDefault();
  };
  fill(tabs, ...panels.map((panel) => h("button", {
    id: `tab-${panel.id}`, role: "tab", "aria-selected": panel.id === current, "aria-controls": `panel-${panel.id}`,
    tabindex: panel.id === current ? 0 : -1, onclick: () => app.set({ panel: panel.id }), onkeydown: step,
  }, app.words(panel.words)("title"))));
  const selected = /** @type {HTMLElement|null} */ (tabs.querySelector("[aria-selected=true]"));
  if (selected) tabs.scrollLeft = selected.offsetLeft - tabs.offsetLeft - (tabs.clientWidth - selected.offsetWidth) / 2; // on a phone not all are in sight
  if (hadFocus) selected?.focus();
}
