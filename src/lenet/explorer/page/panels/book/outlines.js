/** Outlines of things that no digit and no piece of clothing is, as polygons in a square of 100 × 100. */

/** @typedef {[number, number][]} Polygon */

/** Inside an odd number of its polygons, a place is inside the thing. @type {Record<string, Polygon[]>} */
export const OUTLINES = {
  cat: [
    [[22, 18], [36, 32], [64, 32], [78, 18], [82, 44], [80, 62], [66, 80], [50, 86], [34, 80], [20, 62], [18, 44]],
    [[32, 48], [42, 46], [42, 56], [34, 56]], [[58, 46], [68, 48], [66, 56], [58, 56]], [[46, 64], [54, 64], [50, 70]],
  ],
  car: [
    [[8, 66], [8, 52], [24, 48], [36, 32], [66, 32], [80, 48], [92, 52], [92, 66], [82, 66], [82, 74], [68, 74], [68, 66], [32, 66], [32, 74], [18, 74], [18, 66]],
    [[32, 48], [40, 37], [49, 37], [49, 48]], [[54, 37], [63, 37], [71, 48], [54, 48]],
  ],
  house: [[[14, 50], [50, 16], [86, 50], [76, 50], [76, 86], [24, 86], [24, 50]], [[42, 86], [42, 62], [58, 62], [58, 86]]],
  tree: [[[50, 10], [78, 40], [66, 40], [84, 66], [56, 66], [56, 90], [44, 90], [44, 66], [16, 66], [34, 40], [22, 40]]],
  A: [[[44, 14], [56, 14], [82, 86], [69, 86], [63, 68], [37, 68], [31, 86], [18, 86]], [[50, 30], [59, 57], [41, 57]]],
  K: [[[24, 14], [37, 14], [37, 45], [64, 14], [80, 14], [50, 48], [82, 86], [66, 86], [42, 56], [37, 62], [37, 86], [24, 86]]],
};

/**
 * Whether a point lies in an odd number of polygons.
 * @param {Polygon[]} polygons
 * @param {number} x
 * @param {number} y
 */
export function inside(polygons, x, y) {
  let isInside = false;
  for (const polygon of polygons) {
    polygon.forEach(([x1, y1], i) => {
      const [x2, y2] = polygon[(i + 1) % polygon.length];
      if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) isInside = !isInside;
    });
  }
  return isInside;
}
