/** Saving a panel as it is seen: its text, boxes, canvases and charts become one SVG, and a PNG from it. */

import { h } from "../base/dom.js";
import { speaker } from "../base/words.js";

const WORDS = {
  en: { png: "Save as PNG", svg: "Save as SVG" },
  zh: { png: "保存为 PNG", svg: "保存为 SVG" },
};
const SVG = "http://www.w3.org/2000/svg";
const COLOURS = ["--ground", "--panel", "--line", "--ink", "--pale", "--accent", "--on-accent", "--good", "--bad", "--mark"];

/**
 * The buttons that save a panel.
 * @param {HTMLElement} section
 * @param {string} name  of the file
 * @param {() => string} language
 */
export function saveMenu(section, name, language) {
  const label = (/** @type {"png"|"svg"} */ key) => speaker(WORDS, language())(key);
  const button = (/** @type {"png"|"svg"} */ key) => {
    const save = async () => download(`${name}.${key}`, await (key === "png" ? pngOf(section) : svgBlob(section)));
    const element = h("button", { class: "save", onclick: save }, key.toUpperCase());
    const explain = () => {
      element.title = label(key);
      element.setAttribute("aria-label", label(key));
    };
    element.addEventListener("pointerenter", explain);
    element.addEventListener("focus", explain);
    explain();
    return element;
  };
  return h("span", { class: "saves", "data-unsaved": "" }, button("png"), button("svg"));
}

/**
 * Offers bytes as a file.
 * @param {string} name
 * @param {Blob} blob
 */
export function download(name, blob) {
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/**
 * An SVG of what an element shows.
 * @param {HTMLElement} root
 * @returns {SVGSVGElement}
 */
function svgOf(root) {
  const frame = root.getBoundingClientRect(), drawing = document.createElementNS(SVG, "svg");
  const size = { width: Math.ceil(frame.width), height: Math.ceil(frame.height) };
  set(drawing, { xmlns: SVG, ...size, viewBox: `0 0 ${size.width} ${size.height}` });
  const page = getComputedStyle(document.body), ground = page.backgroundColor;
  drawing.setAttribute("style", COLOURS.map((name) => `${name}:${page.getPropertyValue(name).trim()}`).join(";")); // that charts name
  drawing.append(set(document.createElementNS(SVG, "rect"), { ...size, fill: ground }));
  draw(root, frame, drawing);
  return drawing;
}

/** @param {HTMLElement} root */
function svgBlob(root) {
  return new Blob([new XMLSerializer().serializeToString(svgOf(root))], { type: "image/svg+xml" });
}

/**
 * A PNG of what an element shows, twice as large.
 * @param {HTMLElement} root
 * @returns {Promise<Blob>}
 */
async function pngOf(root) {
  const text = new XMLSerializer().serializeToString(svgOf(root)), image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = h("canvas", { width: 2 * image.width, height: 2 * image.height });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.imageSmoothingEnabled = false;
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no PNG")))));
}

/**
 * Draws an element and all that is in it.
 * @param {Element} element
 * @param {DOMRect} frame
 * @param {SVGElement} into
 */
function draw(element, frame, into) {
  const style = getComputedStyle(element);
  if (style.display === "none" || style.visibility === "hidden" || element.hasAttribute("data-unsaved")) return;
  const box = element.getBoundingClientRect(), at = { x: box.x - frame.x, y: box.y - frame.y };
  if (element.classList.contains("hidden") || !box.width || !box.height) return;
  const place = { ...at, width: box.width, height: box.height };
  if (element instanceof SVGElement) {
    const copy = /** @type {SVGElement} */ (element.cloneNode(true));
    into.append(set(copy, { ...place, color: style.color, "font-family": "sans-serif" }));
    return;
  }
  const edge = parseFloat(style.borderTopWidth), isLine = edge > 0 && !parseFloat(style.borderBottomWidth);
  const fill = isClear(style.backgroundColor) ? "none" : style.backgroundColor;
  if (fill !== "none" || edge) {
    into.append(set(document.createElementNS(SVG, "rect"), { ...place, fill, ...(edge && !isLine ? { stroke: style.borderTopColor, "stroke-width": edge } : {}) }));
  }
  if (isLine) into.append(set(document.createElementNS(SVG, "rect"), { ...place, height: edge, fill: style.borderTopColor }));
  if (element instanceof HTMLSelectElement) {
    const size = parseFloat(style.fontSize), x = at.x + parseFloat(style.paddingLeft) + 2, y = at.y + box.height / 2 + 0.35 * size;
    const text = set(document.createElementNS(SVG, "text"), { x, y, "font-size": size, "font-family": "system-ui, sans-serif", fill: style.color });
    text.textContent = element.selectedOptions[0]?.text ?? "";
    into.append(text);
    return;
  }
  if (element instanceof HTMLCanvasElement) {
    const image = set(document.createElementNS(SVG, "image"), { ...place, preserveAspectRatio: "none", style: "image-rendering: pixelated" });
    image.setAttribute("href", element.toDataURL());
    into.append(image);
  }
  for (const child of element.childNodes) {
    if (child instanceof Element) draw(child, frame, into);
    else if (child instanceof Text && child.data.trim()) drawText(child, style, frame, into);
  }
}

/**
 * Draws a text, line by line as it is broken.
 * @param {Text} node
 * @param {CSSStyleDeclaration} style
 * @param {DOMRect} frame
 * @param {SVGElement} into
 */
function drawText(node, style, frame, into) {
  const range = document.createRange(), size = parseFloat(style.fontSize);
  let start = 0, top = null;
  const say = (/** @type {number} */ stop) => {
    range.setStart(node, start);
    range.setEnd(node, stop);
    const box = range.getBoundingClientRect();
    const text = set(document.createElementNS(SVG, "text"), {
      x: box.x - frame.x, y: box.y - frame.y + box.height / 2 + 0.35 * size, "font-size": size, "font-weight": style.fontWeight,
      "font-family": "system-ui, sans-serif", fill: style.color,
    });
    text.textContent = node.data.slice(start, stop).trim();
    if (text.textContent) into.append(text);
  };
  for (let i = 0; i < node.data.length; i += 1) {
    range.setStart(node, i);
    range.setEnd(node, i + 1);
    const box = range.getBoundingClientRect();
    if (!box.width) continue;
    if (top !== null && Math.abs(box.top - top) > size / 2) {
      say(i);
      start = i;
    }
    top = box.top;
  }
  say(node.data.length);
}

/** @param {string} colour */
function isClear(colour) {
  return colour === "transparent" || /, 0\)$/.test(colour);
}

/**
 * @template {Element} T
 * @param {T} element
 * @param {Record<string, string|number>} attributes
 * @returns {T}
 */
function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}
