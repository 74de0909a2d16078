/** Draws the map of the embedding on a canvas. */

import { classColour } from "../../charts/classes.js";

/**
 * @param {HTMLCanvasElement} canvas
 * @param {{width: number, height: number, theme: string, signs: string[], places: [number, number][], labels: number[], isFaint: boolean[],
 *   current: [number, number]|null, over: number|null}} map
 */
export function drawMap(canvas, { width, height, theme, signs, places, labels, isFaint, current, over }) {
  const ratio = globalThis.devicePixelRatio || 1, pixels = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== pixels[0] || canvas.height !== pixels[1]) Object.assign(canvas, { width: pixels[0], height: pixels[1] });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")), style = getComputedStyle(canvas);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (const [size, faint] of /** @type {[number, boolean][]} */ ([[10, true], [12, false]])) {
    context.font = `${faint ? "" : "bold "}${size}px system-ui, sans-serif`;
    context.globalAlpha = faint ? 0.6 : 1;
    places.forEach(([x, y], i) => {
      if (isFaint[i] !== faint || x < -9 || y < -9 || x > width + 9 || y > height + 9) return;
      context.fillStyle = classColour(labels[i], theme);
      context.fillText(signs[labels[i]], x, y);
    });
  }
  context.globalAlpha = 1;
  if (over !== null && places[over]) ring(context, places[over], 9, style.getPropertyValue("--accent"), 2);
  if (current) {
    ring(context, current, 12, style.getPropertyValue("--ground"), 5);
    ring(context, current, 12, style.getPropertyValue("--bad"), 3);
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {[number, number]} place
 * @param {number} radius
 * @param {string} colour
 * @param {number} width
 */
function ring(context, [x, y], radius, colour, width) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.stroke();
}
