/** What the first bytes of an image file say, before a browser decodes it: its format, its size, and whether its end is there. */

/**
 * @typedef {"png"|"jpeg"|"gif"|"bmp"|"webp"|"avif"|"heic"|"tiff"|"unknown"} Kind
 * @typedef {{kind: Kind, width: number, height: number, isWhole: boolean}} Header  width and height are 0 where they are not known
 */

const HEIC = ["heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"];
const IEND = [0x49, 0x45, 0x4e, 0x44];

/**
 * Read the header of a file.
 * @param {Uint8Array} bytes  of the whole file
 * @returns {Header}
 */
export function readHeader(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = (/** @type {number} */ from, /** @type {number} */ to) => String.fromCharCode(...bytes.subarray(from, to));
  const known = (/** @type {Kind} */ kind, width = 0, height = 0, isWhole = true) => ({ kind, width, height, isWhole });
  if (start(0, 8) === "\x89PNG\r\n\x1a\n") {
    if (bytes.length < 33) return known("png", 0, 0, false);
    return known("png", view.getUint32(16), view.getUint32(20), hasEnd(bytes, IEND, 33));
  }
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return { kind: "jpeg", ...jpegFrame(view) };
  if (/^GIF8[79]a/.test(start(0, 6)) && bytes.length > 13) {
    return known("gif", view.getUint16(6, true), view.getUint16(8, true), hasEnd(bytes, [0x3b], 13));
  }
  if (start(0, 2) === "BM" && bytes.length > 26) {
    return known("bmp", Math.abs(view.getInt32(18, true)), Math.abs(view.getInt32(22, true)));
  }
  if (start(0, 4) === "RIFF" && start(8, 12) === "WEBP" && bytes.length > 30) {
    return { kind: "webp", ...webpFrame(view, start(12, 16)) };
  }
  if (start(4, 8) === "ftyp") {
    return { kind: isHeic(start(8, Math.min(64, view.getUint32(0)))) ? "heic" : "avif", ...isoFrame(view) };
  }
  if (/^(II\*\0|MM\0\*)/.test(start(0, 4))) return known("tiff");
  return known("unknown");
}

/** @param {string} brands  the first names the file's own, and after four bytes come the others */
function isHeic(brands) {
  const all = brands.match(/.{4}/gs) ?? [];
  return !all.some((brand) => brand === "avif" || brand === "avis") && all.some((brand) => HEIC.includes(brand));
}

/**
 * Whether bytes stand somewhere after a place.
 * @param {Uint8Array} bytes
 * @param {number[]} end
 * @param {number} from
 */
function hasEnd(bytes, end, from) {
  for (let at = bytes.length - end.length; at >= from; at -= 1) if (end.every((byte, i) => bytes[at + i] === byte)) return true;
  return false;
}

/** @param {DataView} view */
function jpegFrame(view) {
  const frame = { width: 0, height: 0, isWhole: false };
  for (let at = 2; at + 9 < view.byteLength;) {
    const marker = view.getUint8(at + 1);
    if (view.getUint8(at) !== 0xff) break;
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      frame.height = view.getUint16(at + 5);
      frame.width = view.getUint16(at + 7);
    }
    if (marker === 0xda) {
      frame.isWhole = hasEnd(new Uint8Array(view.buffer, view.byteOffset, view.byteLength), [0xff, 0xd9], at);
      break;
    }
    at += 2 + view.getUint16(at + 2);
  }
  return frame;
}

/** @param {DataView} view @param {string} chunk */
function webpFrame(view, chunk) {
  const isWhole = view.getUint32(4, true) + 8 <= view.byteLength, low = 0x3fff;
  if (chunk === "VP8 ") return { width: view.getUint16(26, true) & low, height: view.getUint16(28, true) & low, isWhole };
  if (chunk === "VP8L") {
    const bits = view.getUint32(21, true);
    return { width: (bits & low) + 1, height: ((bits >>> 14) & low) + 1, isWhole };
  }
  const edge = (/** @type {number} */ at) => (view.getUint32(at, true) & 0xffffff) + 1;
  return { width: edge(24), height: edge(27), isWhole };
}

/** The largest size that an AVIF or HEIC file names in its first bytes ("ispe"). @param {DataView} view */
function isoFrame(view) {
  const frame = { width: 0, height: 0, isWhole: true };
  for (let at = 0; at + 16 <= Math.min(view.byteLength, 1 << 16); at += 1) {
    if (view.getUint32(at) !== 0x69737065) continue;
    const [width, height] = [view.getUint32(at + 8), view.getUint32(at + 12)];
    if (width * height > frame.width * frame.height) Object.assign(frame, { width, height });
  }
  return frame;
}
