/**
 * NumPy's arithmetic: the same bits as the Python modules of lenet.images compute, on every machine.
 *
 * Sums of floats depend on their order. NumPy adds contiguous numbers in blocks of 128, eight sums side by side, and halves
 * longer arrays; along the first axis it adds row after row. JavaScript computes in doubles; Math.fround after each operation
 * gives the float32 that NumPy's float32 operation gives.
 */

const { fround } = Math;
const BLOCK = 128; // numbers that are summed without halving them

/** The nearest whole number, halves to the even one: `np.rint`, and Python's `round`. @param {number} value */
export function rint(value) {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

/** A value brought into a range. @param {number} value @param {number} low @param {number} high */
export function clip(value, low, high) {
  return value < low ? low : value > high ? high : value;
}

/**
 * The sum of contiguous float32 numbers, in float32: `values.sum()`.
 * @param {Float32Array} values
 * @param {number} [start]
 * @param {number} [count]
 * @returns {number}
 */
export function sum32(values, start = 0, count = values.length - start) {
  if (count < 8) {
    let total = 0;
    for (let i = start; i < start + count; i++) total = fround(total + values[i]);
    return total;
  }
  if (count > BLOCK) {
    const half = halved(count);
    return fround(sum32(values, start, half) + sum32(values, start + half, count - half));
  }
  let [a, b, c, d, e, f, g, h] = values.subarray(start, start + 8);
  const whole = start + count - (count % 8);
  for (let i = start + 8; i < whole; i += 8) {
    a = fround(a + values[i]);
    b = fround(b + values[i + 1]);
    c = fround(c + values[i + 2]);
    d = fround(d + values[i + 3]);
    e = fround(e + values[i + 4]);
    f = fround(f + values[i + 5]);
    g = fround(g + values[i + 6]);
    h = fround(h + values[i + 7]);
  }
  const left = fround(fround(a + b) + fround(c + d));
  let total = fround(left + fround(fround(e + f) + fround(g + h)));
  for (let i = whole; i < start + count; i++) total = fround(total + values[i]);
  return total;
}

/**
 * The sum of contiguous doubles: `values.sum()` of a float64 array.
 * @param {ArrayLike<number>} values
 * @param {number} [start]
 * @param {number} [count]
 * @returns {number}
 */
export function sum64(values, start = 0, count = values.length - start) {
  if (count > BLOCK) {
    const half = halved(count);
    return sum64(values, start, half) + sum64(values, start + half, count - half);
  }
  const parts = [0, 0, 0, 0, 0, 0, 0, 0];
  const whole = count < 8 ? 0 : count - (count % 8);
  for (let i = 0; i < whole; i++) parts[i % 8] += values[start + i];
  const [a, b, c, d, e, f, g, h] = parts;
  let total = a + b + (c + d) + (e + f + (g + h));
  for (let i = whole; i < count; i++) total += values[start + i];
  return total;
}

/** Where NumPy divides a long array before it sums up both halves. @param {number} count */
function halved(count) {
  const half = Math.floor(count / 2);
  return half - (half % 8);
}

/** The mean of contiguous float32 numbers: `values.mean()`, a float32. @param {Float32Array} values */
export function mean32(values) {
  return fround(sum32(values) / values.length);
}

/** The standard deviation of contiguous float32 numbers: `values.std()`, a float32. @param {Float32Array} values */
export function std32(values) {
  const mean = mean32(values);
  const squares = values.map((value) => {
    const off = fround(value - mean);
    return off * off;
  });
  return fround(Math.sqrt(mean32(squares)));
}

/**
 * The sums over the first axis of float32 numbers (rows, columns), in float32: `values.sum(axis=0)`. So are sums over all axes
 * but the last of an image (height, width, channels) with two or more channels, with its pixels as rows.
 * @param {Float32Array} values
 * @param {number} columns
 */
export function columnSums32(values, columns) {
  if (columns === 1) return Float32Array.of(sum32(values));
  const sums = new Float32Array(columns);
  for (let i = 0; i < values.length; i++) sums[i % columns] += values[i];
  return sums;
}

/** The means over the first axis of float32 numbers (rows, columns): `values.mean(axis=0)`.
 * @param {Float32Array} values
 * @param {number} columns
 */
export function columnMeans32(values, columns) {
  const rows = values.length / columns;
  return columnSums32(values, columns).map((sum) => sum / rows);
}

/**
 * A copy that is partly sorted: what `np.partition` puts at `position` is there, nothing greater before it, nothing smaller
 * after it.
 * @template {Float32Array | Float64Array | Uint8Array | Int32Array} T
 * @param {T} values
 * @param {number} position
 * @returns {T}
 */
export function partition(values, position) {
  const copy = /** @type {T} */ (values.slice());
  let low = 0;
  let high = copy.length - 1;
  while (low < high) {
    const pivot = middleOf(copy[low], copy[(low + high) >> 1], copy[high]);
    let i = low;
    let j = high;
    while (i <= j) {
      while (copy[i] < pivot) i++;
      while (copy[j] > pivot) j--;
      if (i > j) break;
      const kept = copy[i];
      copy[i++] = copy[j];
      copy[j--] = kept;
    }
    if (position <= j) high = j;
    else if (position >= i) low = i;
    else break;
  }
  return copy;
}

/** The second largest of three. @param {number} a @param {number} b @param {number} c */
function middleOf(a, b, c) {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}

/**
 * The value that a share of all values is below, interpolated in doubles: `lenet.images.finding.quantiles.quantile`.
 * @param {Float32Array | Float64Array | Uint8Array | Int32Array} values  at least one
 * @param {number} share
 */
export function quantile(values, share) {
  const place = share * (values.length - 1);
  const below = Math.trunc(place);
  const ordered = partition(values, below);
  const low = ordered[below];
  if (below === place) return low;
  let next = ordered[below + 1];
  for (let i = below + 2; i < ordered.length; i++) if (ordered[i] < next) next = ordered[i];
  return low + (place - below) * (next - low);
}

/**
 * The median of all values, of which there is at least one: `lenet.images.finding.quantiles.median`.
 * @param {Float32Array | Float64Array | Uint8Array | Int32Array} values
 */
export function median(values) {
  return quantile(values, 0.5);
}

/**
 * How often each whole number occurs, or the sum of its weights in doubles, in their order: `np.bincount`.
 * @param {ArrayLike<number>} numbers
 * @param {ArrayLike<number>|null} [weights]
 * @param {number} [least]  the least length of the result
 */
export function bincount(numbers, weights = null, least = 0) {
  let length = least;
  for (let i = 0; i < numbers.length; i++) length = Math.max(length, numbers[i] + 1);
  const counts = new Float64Array(length);
  for (let i = 0; i < numbers.length; i++) counts[numbers[i]] += weights ? weights[i] : 1;
  return counts;
}

/** The position of the first of the largest numbers: `np.argmax`. @param {ArrayLike<number>} values */
export function argmax(values) {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}

/** The positions in ascending order of their numbers: `np.argsort(values, kind="stable")`. @param {ArrayLike<number>} values */
export function argsort(values) {
  return Array.from(values, (_, position) => position).sort((one, other) => values[one] - values[other]);
}

/** The largest number. @param {ArrayLike<number>} values */
export function largest(values) {
  let best = -Infinity;
  for (let i = 0; i < values.length; i++) if (values[i] > best) best = values[i];
  return best;
}

/** The smallest number. @param {ArrayLike<number>} values */
export function smallest(values) {
  let best = Infinity;
  for (let i = 0; i < values.length; i++) if (values[i] < best) best = values[i];
  return best;
}
