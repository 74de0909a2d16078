/** Printing float32 numbers so that nothing is lost. */

/**
 * The shortest text that reads back to the same float32.
 * @param {number} value
 * @returns {string}
 */
export function floatText(value) {
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  if (!Number.isFinite(value)) return String(value);
  for (let digits = 6; digits < 9; digits += 1) { // six always survive, so that fewer are never needed
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return decimal(short);
  }
  return decimal(Number(value.toPrecision(9)));
}

/** @param {number} value  printed without many zeros in front */
function decimal(value) {
  return Math.abs(value) < 1e-4 ? value.toExponential() : String(value);
}

/**
 * A number in brackets if it is negative, for formulas.
 * @param {number} value
 */
export function inFormula(value) {
  const text = floatText(value);
  return text.startsWith("-") ? `(${text})` : text;
}
