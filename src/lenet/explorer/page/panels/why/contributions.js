/** Which units of the layer before the last speak for a class rather than another one, and how strongly. */

/** @typedef {import("../../engine/network.js").Network} Network */

/**
 * One unit's share of the lead of a class: (weight for it - weight for the other) · activation.
 * @typedef {{unit: number, activation: number, weight: number, product: number}} Contribution
 */

/**
 * The lead of a class over another one, taken apart: the products and the constant add up to the difference of the logits, up
 * to float32's rounding.
 * @typedef {{products: Contribution[], constant: number, lead: number}} Lead  the products by size, those for the class first
 */

/**
 * Takes the lead of class a over class b apart.
 * @param {Network} network
 * @param {number} layer  the last dense one
 * @param {Float32Array} inputs  what goes into it
 * @param {number} a
 * @param {number} b
 * @returns {Lead}
 */
export function leadOf(network, layer, inputs, a, b) {
  const weight = network.offset(layer, "weight"), bias = network.offset(layer, "bias"), width = inputs.length, w = network.weights;
  const products = Array.from(inputs, (activation, unit) => {
    const difference = w[weight + a * width + unit] - w[weight + b * width + unit];
    return { unit, activation, weight: difference, product: difference * activation };
  });
  products.sort((one, other) => other.product - one.product || one.unit - other.unit);
  const constant = w[bias + a] - w[bias + b];
  return { products, constant, lead: products.reduce((total, each) => total + each.product, constant) };
}

/**
 * The units that speak most for the class, and those that speak most against it; the rest together.
 * @param {Lead} lead
 * @param {number} count  of each side at most
 */
export function sidesOf({ products }, count) {
  const speaking = products.filter((each) => each.product > 0), opposing = products.filter((each) => each.product < 0).reverse();
  const sum = (/** @type {Contribution[]} */ some) => some.reduce((total, each) => total + each.product, 0);
  const rest = [...speaking.slice(count), ...opposing.slice(count)];
  return {
    speaking: speaking.slice(0, count), opposing: opposing.slice(0, count), pro: sum(speaking), contra: sum(opposing),
    rest: sum(rest), others: rest.length,
  };
}

/**
 * The images in which a unit is largest, the largest first.
 * @param {Float32Array} values  (count, width)
 * @param {number} width
 * @param {number} unit
 * @param {number} most
 * @returns {number[]}
 */
export function strongest(values, width, unit, most) {
  const count = values.length / width, value = (/** @type {number} */ i) => values[i * width + unit];
  return Array.from({ length: count }, (_, i) => i).sort((i, k) => value(k) - value(i) || i - k).slice(0, most);
}
