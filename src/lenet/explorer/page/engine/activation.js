/**
 * The activations as engines/kernels/activation.h computes them, in float32: every operation rounds, in the same order.
 */

const f = Math.fround;
const floats = new Float32Array(1);
const bits = new Int32Array(floats.buffer);

const MAGIC = 12582912; // 1.5 × 2^23: adding it rounds to the nearest whole number
const LOG2_E = f(1.44269504088896341);
const TWICE_LOG2_E = f(2 * LOG2_E);
const P5 = f(9.675540961325169e-3), P4 = f(5.550713092088699e-2), P3 = f(1.3276472454890609e-3);
const P2 = f(0.24022120237350464), P1 = f(0.6931469440460205);
const T5 = f(-5.70498872745e-3), T4 = f(2.06390887954e-2), T3 = f(-5.37397155531e-2);
const T2 = f(1.33314422036e-1), T1 = f(-3.33332819422e-1), SMALL = f(0.625);

/** Height and width of the scaled tanh: 1.7159 tanh(2x/3). */
const TANH_HEIGHT = f(1.7159);
const TANH_WIDTH = f(2 / 3);
/** The slope of leaky ReLU below zero. */
const LEAK = f(0.01);

/**
 * 2^(x · factor), for a product from -126 to 127.
 * @param {number} x a float
 * @param {number} factor a float
 * @returns {number} a float
 */
function powerOfTwo(x, factor) {
  const product = f(x * factor);
  const shifted = f(product + MAGIC);
  const r = f(product - f(shifted - MAGIC));
  const square = f(r * r);
  let p = f(f(r * P5) + P4);
  p = f(f(square * P3) + p);
  p = f(f(square * p) + f(f(r * P2) + P1));
  p = f(f(p * r) + 1);
  floats[0] = shifted;
  const exponent = bits[0] << 23; // the low bits of `shifted` hold the whole part
  floats[0] = p;
  bits[0] += exponent;
  return floats[0];
}

/**
 * @param {number} x a float
 * @returns {number} 1 / (1 + e^-x)
 */
function sigmoid(x) {
  const low = 83 < x ? 83 : x;
  return f(1 / f(1 + powerOfTwo(-83 > low ? -83 : low, -LOG2_E)));
}

/**
 * @param {number} x a float
 * @returns {number} tanh x
 */
function tanh(x) {
  const size = Math.abs(x);
  if (size < SMALL) {
    const s = f(x * x);
    let p = f(f(s * T5) + T4);
    p = f(f(p * s) + T3);
    p = f(f(p * s) + T2);
    p = f(f(p * s) + T1);
    return f(f(f(p * s) * x) + x);
  }
  const large = f(1 - f(2 * f(1 / f(1 + powerOfTwo(42 < size ? 42 : size, TWICE_LOG2_E)))));
  return x < 0 ? -Math.abs(large) : large;
}

/** @type {Record<string, (x: number) => number>} */
const FUNCTIONS = {
  sigmoid,
  tanh,
  relu: (x) => (0 > x ? 0 : x),
  "scaled-tanh": (x) => f(TANH_HEIGHT * tanh(f(TANH_WIDTH * x))),
  "leaky-relu": (x) => {
    const leaked = f(LEAK * x);
    return leaked > x ? leaked : x;
  },
};

/**
 * Returns an activation: a function from float to float.
 * @param {string} name such as "relu"
 * @returns {(x: number) => number}
 */
export function activation(name) {
  return FUNCTIONS[name];
}

/**
 * Returns the derivative of an activation.
 * @param {string} name such as "relu"
 * @param {number} before the activation's input
 * @param {number} after its output
 * @returns {number}
 */
export function slope(name, before, after) {
  switch (name) {
    case "sigmoid": return after * (1 - after);
    case "tanh": return 1 - after * after;
    case "scaled-tanh": return TANH_WIDTH * (TANH_HEIGHT - (after * after) / TANH_HEIGHT);
    case "leaky-relu": return before > 0 ? 1 : LEAK;
    default: return before > 0 ? 1 : 0;
  }
}
