/** Reads the page's data: JSON whose binary arrays are base64 of deflated bytes. */

import { restore } from "./snapshots.js";

/** @typedef {import("./types.js").PageData} PageData */

/**
 * Reads what page_data.py wrote.
 * @param {string} text
 * @returns {Promise<PageData>}
 */
export async function read(text) {
  /** @type {Promise<void>[]} */
  const pending = [];
  const data = JSON.parse(text, (_, value) => {
    if (value && typeof value === "object" && typeof value.data === "string" && Array.isArray(value.shape)) {
      /** @type {{shape: number[], values: any}} */
      const table = { shape: value.shape, values: null };
      pending.push(inflate(bytesOf(value.data)).then((bytes) => { table.values = numbers(value.dtype, bytes); }));
      return table;
    }
    return value;
  });
  await Promise.all(pending);
  for (const run of data.runs) {
    run.images ??= data.runs[0].images; // a second network is asked about the same images
    restore(run);
  }
  return data;
}

/**
 * @param {string} text  base64
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function bytesOf(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/**
 * Decompresses raw deflate.
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @returns {Promise<ArrayBuffer>}
 */
function inflate(bytes) {
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"))).arrayBuffer();
}

/**
 * The numbers in some bytes; float16 becomes float32.
 * @param {string} dtype
 * @param {ArrayBuffer} buffer  little-endian, as every processor that runs a browser today
 * @returns {import("./types.js").Numbers}
 */
function numbers(dtype, buffer) {
  switch (dtype) {
    case "uint8": return new Uint8Array(buffer);
    case "int8": return new Int8Array(buffer);
    case "int32": return new Int32Array(buffer);
    case "float16": return Float32Array.from(new Uint16Array(buffer), float16);
    case "float32": return new Float32Array(buffer);
    case "float64": return new Float64Array(buffer);
    default: throw new Error(`the data has an array of ${dtype}`);
  }
}

/**
 * The value of a float16 with these bits (IEEE 754).
 * @param {number} bits
 */
export function float16(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return exponent ? sign * 2 ** (exponent - 25) * (1024 + fraction) : sign * 2 ** -24 * fraction;
}
