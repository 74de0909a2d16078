// Calls functions of the explorer's page: what tests/support/javascript.py runs.
import { readFileSync, writeFileSync } from "node:fs";

const PAGE = new URL("../../src/lenet/explorer/page/", import.meta.url);
const KINDS = {
  uint8: Uint8Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
};

const unpacked = (value) => {
  if (Array.isArray(value)) return value.map(unpacked);
  if (value?.set) return new Set(value.set);
  if (value?.base64 === undefined) return value;
  const data = new KINDS[value.dtype](new Uint8Array(Buffer.from(value.base64, "base64")).buffer);
  if (value.shape.length === 1) return data;
  const [height, width, channels = 1] = value.shape;
  return { width, height, channels, data };
};

const packed = (value) => {
  if (ArrayBuffer.isView(value)) return bytes(value, [value.length]);
  if (ArrayBuffer.isView(value?.data) && value.width !== undefined) {
    const { width, height, channels = 1, data, ...rest } = value;
    const shape = channels === 1 ? [height, width] : [height, width, channels];
    return Object.keys(rest).length ? { ...packed(rest), image: bytes(data, shape) } : bytes(data, shape);
  }
  if (Array.isArray(value)) return value.map(packed);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, packed(part)]));
};

const bytes = (data, shape) => {
  const dtype = Object.keys(KINDS).find((name) => data instanceof KINDS[name]);
  return { dtype, shape, base64: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64") };
};

const results = [];
for (const [module, name, args] of JSON.parse(readFileSync(process.argv[2], "utf8"))) {
  const call = (await import(new URL(module, PAGE)))[name];
  try {
    results.push(packed(call(...args.map(unpacked)) ?? null));
  } catch (error) {
    if (error.name !== "ImageProblem") throw error;
    results.push({ problem: error.code, values: error.values });
  }
}
writeFileSync(process.argv[3], JSON.stringify(results));
