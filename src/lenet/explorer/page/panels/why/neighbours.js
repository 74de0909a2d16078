/** The stored images whose embeddings lie nearest to that of the image. */

/** @typedef {{number: number, distance: number}} Neighbour */

/**
 * The nearest of some points, the nearest first.
 * @param {ArrayLike<number>} points  (count, width)
 * @param {ArrayLike<number>} point  (width,)
 * @param {number} most
 * @returns {Neighbour[]}
 */
export function nearest(points, point, most) {
  const width = point.length;
  const all = Array.from({ length: points.length / width }, (_, number) => {
    let total = 0;
    for (let i = 0, at = number * width; i < width; i += 1, at += 1) total += (points[at] - point[i]) ** 2;
    return { number, distance: Math.sqrt(total) };
  });
  return all.sort((a, b) => a.distance - b.distance || a.number - b.number).slice(0, most);
}

/**
 * How many of some images have each class, the most frequent first.
 * @param {number[]} labels
 * @returns {[number, number][]} class and count
 */
export function tally(labels) {
  /** @type {Map<number, number>} */
  const counts = new Map();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
}
