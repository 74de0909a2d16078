/** How the numbers of a layer stand on its canvas: maps side by side, numbers in rows, or bars. */

/**
 * Maps stand `columns` in a row, with a gap of one number between them; each number is `scale` CSS pixels wide. Features are
 * bars, `scale` CSS pixels wide each, or numbers in rows of `width`.
 * @typedef {object} Grid
 * @property {"maps"|"cells"|"bars"} kind
 * @property {number} count  of maps, or of features
 * @property {number} height  of a map, in numbers; of bars, in CSS pixels
 * @property {number} width
 * @property {number} columns
 * @property {number} rows
 * @property {number} scale
 * @property {[number, number]} size  of the canvas, in its own pixels
 * @property {[number, number]} room  of the canvas, in CSS pixels
 */

/** @typedef {{unit: number, row: number, column: number}} Place */

const BARS = 64; // height, in CSS pixels

/**
 * Arranges maps.
 * @param {number[]} shape  (channels, height, width)
 * @param {{area?: number, most?: number, columns?: number}} [options]  area: about how many CSS pixels they may take;
 *   most: CSS pixels a number at most; columns: maps in a row
 * @returns {Grid}
 */
export function mapGrid([count, height, width], { area = 27_000, most = 4, columns = columnsOf(count, width / height) } = {}) {
  const rows = Math.ceil(count / columns), edge = Math.max(height, width);
  const fitting = Math.floor(Math.sqrt(area / (count * height * width)));
  const wanted = Math.min(most, Math.max(2, Math.floor((count > 8 ? 32 : 44) / edge)), fitting);
  const scale = Math.max(edge === 1 ? 12 : 1, count === 1 ? Math.min(most, fitting) : wanted);
  const size = /** @type {[number, number]} */ ([columns * (width + 1) - 1, rows * (height + 1) - 1]);
  return { kind: "maps", count, height, width, columns, rows, scale, size, room: [size[0] * scale, size[1] * scale] };
}

/**
 * Arranges features as coloured numbers.
 * @param {number} count
 * @param {number} width  numbers in a row
 * @returns {Grid}
 */
export function cellGrid(count, width) {
  const rows = Math.ceil(count / width), scale = Math.max(2, Math.min(5, Math.floor(160 / Math.max(width, rows))));
  return { kind: "cells", count, height: rows, width, columns: 1, rows: 1, scale, size: [width, rows], room: [width * scale, rows * scale] };
}

/**
 * Arranges features as bars.
 * @param {number} count
 * @param {number} [room]  CSS pixels that they may take
 * @returns {Grid}
 */
export function barGrid(count, room = 180) {
  const scale = Math.max(2, Math.min(17, Math.floor(room / count)));
  const size = /** @type {[number, number]} */ ([count * scale, BARS]);
  return { kind: "bars", count, height: BARS, width: scale, columns: count, rows: 1, scale, size, room: size };
}

/**
 * The box of some numbers in CSS pixels.
 * @param {Grid} grid
 * @param {Place & {height?: number, width?: number}} place  height, width: in numbers, 1 by default
 * @returns {{x: number, y: number, width: number, height: number}}
 */
export function boxOf(grid, { unit, row, column, height = 1, width = 1 }) {
  if (grid.kind === "bars") return { x: unit * grid.scale, y: 0, width: grid.scale, height: grid.height };
  if (grid.kind === "cells") {
    return { x: (unit % grid.width) * grid.scale, y: Math.floor(unit / grid.width) * grid.scale, width: grid.scale, height: grid.scale };
  }
  const x = (unit % grid.columns) * (grid.width + 1) + column, y = Math.floor(unit / grid.columns) * (grid.height + 1) + row;
  return { x: x * grid.scale, y: y * grid.scale, width: width * grid.scale, height: height * grid.scale };
}

/**
 * The number at a place on the canvas.
 * @param {Grid} grid
 * @param {number} x  in CSS pixels
 * @param {number} y
 * @returns {Place|null} null between maps and outside
 */
export function placeAt(grid, x, y) {
  const across = Math.floor(x / grid.scale), down = Math.floor(y / grid.scale);
  if (x < 0 || y < 0 || x >= grid.room[0] || y >= grid.room[1]) return null;
  if (grid.kind === "bars") return { unit: across, row: 0, column: 0 };
  if (grid.kind === "cells") {
    const unit = down * grid.width + across;
    return unit < grid.count ? { unit, row: 0, column: 0 } : null;
  }
  const column = across % (grid.width + 1), row = down % (grid.height + 1);
  const unit = Math.floor(down / (grid.height + 1)) * grid.columns + Math.floor(across / (grid.width + 1));
  return column < grid.width && row < grid.height && unit < grid.count ? { unit, row, column } : null;
}

/**
 * The number that a key leads to: arrows to the neighbour, also in the next map; page keys to the same place of another map.
 * @param {Grid} grid
 * @param {Place} place
 * @param {string} key  of a keyboard event
 * @returns {Place|null} null for other keys, and where there is nothing further
 */
export function walk(grid, place, key) {
  const [down, across] = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[key] ?? [0, 0];
  const jump = { PageUp: -1, PageDown: 1, Home: -place.unit, End: grid.count - 1 - place.unit }[key];
  if (jump !== undefined) return inside(grid, { ...place, unit: place.unit + jump });
  if (!down && !across) return null;
  if (grid.kind === "bars") return inside(grid, { ...place, unit: place.unit + across - down });
  if (grid.kind === "cells") return inside(grid, { ...place, unit: place.unit + across + down * grid.width });
  let { unit, row, column } = place;
  row += down;
  column += across;
  if (row < 0 || row >= grid.height) {
    unit += down * grid.columns;
    row = row < 0 ? grid.height - 1 : 0;
  }
  if (column < 0 || column >= grid.width) {
    const at = (unit % grid.columns) + across;
    if (at < 0 || at >= grid.columns) return null;
    unit += across;
    column = column < 0 ? grid.width - 1 : 0;
  }
  return inside(grid, { unit, row, column });
}

/** @param {Grid} grid @param {Place} place */
function inside(grid, place) {
  return place.unit >= 0 && place.unit < grid.count ? place : null;
}

/**
 * How many maps stand in a row: about as wide as high, with few empty places in the last row.
 * @param {number} count
 * @param {number} aspect  width / height of a map
 */
function columnsOf(count, aspect) {
  const least = Math.max(1, Math.ceil(Math.sqrt(count / aspect)));
  const candidates = [0, 1, 2].map((more) => least + more).filter((columns) => columns <= count);
  const empty = (/** @type {number} */ columns) => Math.ceil(count / columns) * columns - count;
  return candidates.reduce((best, each) => (empty(each) < empty(best) ? each : best), candidates[0] ?? 1);
}
