/** Where points of a map lie on the screen, and which of them is nearest to a place or lies in a direction. */

/** @typedef {{x: number, y: number, zoom: number}} View  the middle of what is seen, in shares of the map's extent, and how much larger it is */
/** @typedef {{left: number, top: number, width: number, height: number}} Extent  of the points */

export const WHOLE = Object.freeze({ x: 0.5, y: 0.5, zoom: 1 });
const MOST_ZOOM = 40;

/**
 * The extent of points.
 * @param {ArrayLike<number>} points  (count, 2)
 * @returns {Extent}
 */
export function extentOf(points) {
  let left = Infinity, right = -Infinity, top = Infinity, bottom = -Infinity;
  for (let i = 0; i < points.length; i += 2) {
    left = Math.min(left, points[i]);
    right = Math.max(right, points[i]);
    top = Math.min(top, points[i + 1]);
    bottom = Math.max(bottom, points[i + 1]);
  }
  return points.length ? { left, top, width: right - left || 1, height: bottom - top || 1 } : { left: 0, top: 0, width: 1, height: 1 };
}

/**
 * The place of a point on the screen; a margin is left around the whole map.
 * @param {number} x
 * @param {number} y
 * @param {Extent} extent
 * @param {View} view
 * @param {number} width  of the screen
 * @param {number} height
 * @returns {[number, number]}
 */
export function placeOf(x, y, extent, view, width, height) {
  const margin = 0.06, across = (x - extent.left) / extent.width, down = 1 - (y - extent.top) / extent.height;
  return [width * (0.5 + (across - view.x) * view.zoom * (1 - 2 * margin)), height * (0.5 + (down - view.y) * view.zoom * (1 - 2 * margin))];
}

/**
 * The view after zooming, with what is under a place of the screen kept there.
 * @param {View} view
 * @param {number} factor
 * @param {number} across  the place, in shares of the screen
 * @param {number} down
 * @returns {View}
 */
export function zoomed(view, factor, across = 0.5, down = 0.5) {
  const zoom = Math.min(MOST_ZOOM, Math.max(1, view.zoom * factor)), moved = 1 / view.zoom - 1 / zoom;
  return kept({ x: view.x + (across - 0.5) * moved, y: view.y + (down - 0.5) * moved, zoom });
}

/**
 * A view that shows no more than the map.
 * @param {View} view
 * @returns {View}
 */
export function kept({ x, y, zoom }) {
  const half = 0.5 / zoom, within = (/** @type {number} */ value) => Math.min(1 - half, Math.max(half, value));
  return { x: within(x), y: within(y), zoom };
}

/**
 * The nearest of some places; null if none is within a distance.
 * @param {[number, number][]} places
 * @param {number} x
 * @param {number} y
 * @param {number} most
 * @returns {number|null}
 */
export function nearestPlace(places, x, y, most) {
  let found = null, least = most * most;
  places.forEach((place, i) => {
    const distance = (place[0] - x) ** 2 + (place[1] - y) ** 2;
    if (distance <= least) [found, least] = [i, distance];
  });
  return found;
}

/**
 * The nearest place in a direction: what lies further aside counts as further away.
 * @param {[number, number][]} places
 * @param {number} from
 * @param {[number, number]} direction  of length 1
 * @returns {number|null}
 */
export function next(places, from, [dx, dy]) {
  const [x, y] = places[from];
  let found = null, least = Infinity;
  places.forEach((place, i) => {
    const along = (place[0] - x) * dx + (place[1] - y) * dy, aside = Math.abs((place[0] - x) * dy - (place[1] - y) * dx);
    if (i !== from && along > 0.5 && aside <= 2 * along && along + 2 * aside < least) [found, least] = [i, along + 2 * aside];
  });
  return found;
}

/** @param {View} view */
export function viewText({ x, y, zoom }) {
  return zoom === 1 ? "" : [x, y, zoom].map((value) => Number(value.toFixed(4))).join(",");
}

/** @param {string} text @returns {View} */
export function viewOf(text) {
  const [x, y, zoom] = text.split(",").map(Number);
  return [x, y, zoom].every(Number.isFinite) && zoom >= 1 && zoom <= MOST_ZOOM ? kept({ x, y, zoom }) : WHOLE;
}

/**
 * A point projected on the axes of the map.
 * @param {ArrayLike<number>} values  (width,)
 * @param {ArrayLike<number>} centre  (width,)
 * @param {ArrayLike<number>} axes  (2, width)
 * @returns {[number, number]}
 */
export function projected(values, centre, axes) {
  /** @type {[number, number]} */
  const place = [0, 0];
  for (let i = 0; i < values.length; i += 1) {
    place[0] += (values[i] - centre[i]) * axes[i];
    place[1] += (values[i] - centre[i]) * axes[values.length + i];
  }
  return place;
}
