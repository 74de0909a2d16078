/** Finding a solid object, as a garment on a floor (framing "box"). */

/**
 * @param {import("../pixels.js").Floats} image
 * @returns {import("./reading.js").Reading|null}
 */
export function findSolid(image) {
  throw new Error(`Solid objects cannot be found yet, in an image of ${image.width} × ${image.height} pixels.`);
}
