/** Where a number of a layer comes from in the layers before. */

/** @typedef {import("../../engine/network.js").Network} Network */
/** @typedef {{layer: number, unit: number, row: number, column: number}} Cell  layer -1: the input */
/** @typedef {{unit: number, row: number, column: number, height: number, width: number}} Box */
/** @typedef {{layer: number, boxes: Box[]}} Field  no boxes: all of the layer */

/**
 * The shape of a layer's output; of layer -1, of the input.
 * @param {Network} network
 * @param {number} layer
 */
export function shapeOf(network, layer) {
  return layer < 0 ? network.inputShape : network.shapes[layer];
}

/**
 * A cell that exists, of the numbers of a page's state; null if there is none.
 * @param {Network} network
 * @param {Record<string, string|number|null>} state
 * @returns {Cell|null}
 */
export function cellOf(network, state) {
  if (state.layer === null || state.unit === null) return null;
  const [layer, unit, row, column] = [state.layer, state.unit, state.row ?? 0, state.column ?? 0].map(Number);
  if (!Number.isInteger(layer) || layer < -1 || layer >= network.layers.length) return null;
  const [count, height = 1, width = 1] = shapeOf(network, layer);
  const isThere = unit >= 0 && unit < count && row >= 0 && row < height && column >= 0 && column < width;
  return isThere && [unit, row, column].every(Number.isInteger) ? { layer, unit, row, column } : null;
}

/**
 * The place of a cell's number in its layer's output.
 * @param {Network} network
 * @param {Cell} cell
 */
export function indexOf(network, { layer, unit, row, column }) {
  const [, height = 1, width = 1] = shapeOf(network, layer);
  return (unit * height + row) * width + column;
}

/**
 * The numbers that a number is computed from, in the layer before; of a normalization that is folded into its convolution also
 * those in the layer before that.
 * @param {Network} network
 * @param {Cell} cell
 * @returns {Field[]}
 */
export function fieldsOf(network, cell) {
  const { layer, unit, row, column } = cell;
  if (layer < 0) return [];
  const { kind } = network.layers[layer], before = layer - 1;
  switch (kind) {
    case "convolution": return [patch(network, layer, row, column)];
    case "batch-norm": {
      const same = { layer: before, boxes: [{ unit, row, column, height: 1, width: 1 }] };
      return network.isFolded[layer] ? [same, patch(network, before, row, column)] : [same];
    }
    case "pooling": return [{ layer: before, boxes: [{ unit, row: 2 * row, column: 2 * column, height: 2, width: 2 }] }];
    case "global-pooling": {
      const [, height, width] = network.shapeBefore(layer);
      return [{ layer: before, boxes: [{ unit, row: 0, column: 0, height, width }] }];
    }
    case "dense": return [{ layer: before, boxes: [] }];
    default: return [{ layer: before, boxes: [{ ...placeOf(network, before, indexOf(network, cell)), height: 1, width: 1 }] }];
  }
}

/**
 * The cell of a layer at a place in its output.
 * @param {Network} network
 * @param {number} layer
 * @param {number} index
 */
export function placeOf(network, layer, index) {
  const [, height = 1, width = 1] = shapeOf(network, layer);
  return { unit: Math.floor(index / (height * width)), row: Math.floor(index / width) % height, column: index % width };
}

/**
 * The single cell in the layer before from which a number comes; null if it comes from many, or is the input's.
 * @param {Network} network
 * @param {Cell} cell
 * @param {{window?: {row: number, column: number}[], winner?: number}} arithmetic
 * @returns {Cell|null}
 */
export function sourceOf(network, cell, { window, winner }) {
  if (cell.layer < 0) return null;
  const { kind } = network.layers[cell.layer], layer = cell.layer - 1;
  if (window && winner !== undefined) return { layer, unit: cell.unit, row: window[winner].row, column: window[winner].column };
  const isSingle = ["activation", "dropout", "flatten"].includes(kind) || (kind === "batch-norm" && !network.isFolded[cell.layer]);
  return isSingle ? { layer, ...placeOf(network, layer, indexOf(network, cell)) } : null;
}

/**
 * The pixels of the input that a number depends on, inside of the image.
 * @param {Network} network
 * @param {Cell} cell
 * @returns {{row: number, column: number, height: number, width: number}}
 */
export function receptiveField(network, { layer, row, column }) {
  let [top, bottom, left, right] = [row, row, column, column];
  for (let at = layer; at >= 0; at -= 1) {
    const { kind, kernel_size: size = 1, padding = 0 } = network.layers[at];
    if (kind === "convolution") {
      [top, left] = [top - padding, left - padding];
      [bottom, right] = [bottom - padding + size - 1, right - padding + size - 1];
    } else if (kind === "pooling") {
      [top, left, bottom, right] = [2 * top, 2 * left, 2 * bottom + 1, 2 * right + 1];
    }
  }
  const [, height, width] = network.inputShape;
  [top, left] = [Math.max(0, top), Math.max(0, left)];
  return { row: top, column: left, height: Math.min(height - 1, bottom) - top + 1, width: Math.min(width - 1, right) - left + 1 };
}

/**
 * @param {Network} network
 * @param {number} layer  a convolution
 * @param {number} row
 * @param {number} column
 * @returns {Field}
 */
function patch(network, layer, row, column) {
  const { kernel_size: size = 1, padding = 0 } = network.layers[layer], [channels, height, width] = network.shapeBefore(layer);
  const top = Math.max(0, row - padding), left = Math.max(0, column - padding);
  const bottom = Math.min(height, row - padding + size), right = Math.min(width, column - padding + size);
  const boxes = Array.from({ length: channels }, (_, unit) => ({ unit, row: top, column: left, height: bottom - top, width: right - left }));
  return { layer: layer - 1, boxes };
}
