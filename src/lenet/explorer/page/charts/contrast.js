/** Text that can be read on any colour. */

/** @typedef {import("./palette.js").Colour} Colour */

/**
 * Black or white: what stands out more on a colour (WCAG's contrast).
 * @param {Colour} ground
 */
export function inkOn(ground) {
  const light = luminance(ground);
  return (light + 0.05) / 0.05 > 1.05 / (light + 0.05) ? "#000" : "#fff";
}

/** @param {Colour} colour */
function luminance(colour) {
  const [red, green, blue] = colour.map((byte) => (byte <= 10 ? byte / 255 / 12.92 : ((byte / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
