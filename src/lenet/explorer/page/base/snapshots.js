/** The weights of a training's snapshots, which the data holds as differences of small whole numbers. */

/** @typedef {import("./types.js").Run} Run */

/**
 * Replaces the differences of each snapshot by its weights, float32.
 * @param {Run} run
 */
export function restore(run) {
  if (!run.scales) return;
  const scales = scaleOfEach(run, run.scales.values);
  const numbers = new Int8Array(scales.length); // of the snapshot so far; they wrap around as the differences do
  for (const snapshot of run.snapshots) {
    const differences = snapshot.weights.values;
    const weights = new Float32Array(scales.length);
    for (let i = 0; i < weights.length; i += 1) {
      numbers[i] += differences[i];
      weights[i] = numbers[i] * scales[i];
    }
    snapshot.weights = { shape: [weights.length], values: weights };
  }
}

/**
 * The scale of each weight: there is one for each row of a tensor of several dimensions, and one for any other tensor.
 * @param {Run} run
 * @param {Float32Array} scales
 */
function scaleOfEach(run, scales) {
  const each = new Float32Array(run.weights.values.length);
  let next = 0;
  for (const [start, shape] of Object.values(run.tensors)) {
    const size = shape.reduce((product, length) => product * length, 1), rows = shape.length > 1 ? shape[0] : 1;
    for (let row = 0; row < rows; row += 1, next += 1) each.fill(scales[next], start + (row * size) / rows, start + ((row + 1) * size) / rows);
  }
  return each;
}
