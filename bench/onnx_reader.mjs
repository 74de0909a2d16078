// Computes outputs of an ONNX file with onnxruntime-web, in node: node bench/onnx_reader.mjs FILE.onnx FOLDER MODULES OUTPUT ...
//
// As onnx_reader.py; in MODULES, `npm install onnxruntime-web` was run.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [file, folder, modules, ...outputs] = process.argv.slice(2);
const require = createRequire(join(process.cwd(), modules, "/"));
const ort = require("onnxruntime-web/wasm");
ort.env.wasm.numThreads = 1;

const stored = readFileSync(join(folder, "pixels.npy")); // ten bytes, a text of the length in the last two, then float32
const start = 10 + stored.readUInt16LE(8);
const shape = stored.toString("latin1", 10, start).match(/\(([\d, ]+)\)/)[1].split(",").map(Number);
const pixels = new Float32Array(stored.buffer.slice(stored.byteOffset + start));
const size = pixels.length / shape[0];

const session = await ort.InferenceSession.create(readFileSync(file));
const parts = [];
for (let begin = 0; begin < shape[0]; begin += 250) {
  const part = pixels.slice(begin * size, (begin + 250) * size);
  const images = new ort.Tensor("float32", part, [part.length / size, ...shape.slice(1)]);
  parts.push(await session.run({ pixels: images }, outputs));
}
for (const output of outputs) {
  const columns = parts[0][output].dims[1];
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape[0]}, ${columns}), }`.padEnd(117) + "\n";
  const magic = Buffer.from([0x93, ...Buffer.from("NUMPY"), 1, 0, header.length, 0]);
  const values = parts.map(({ [output]: { data } }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  writeFileSync(join(folder, `web-${output}.npy`), Buffer.concat([magic, Buffer.from(header), ...values]));
}
const version = ort.env.versions.web ?? ort.env.versions.common;
console.log(JSON.stringify([{ name: "onnxruntime-web, in node", version, key: "web" }]));
