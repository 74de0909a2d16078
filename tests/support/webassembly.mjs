// Calls functions of the kernels' WebAssembly module: node webassembly.mjs MODULE FOLDER
//
// FOLDER/memory holds what the caller has placed in the module's memory, from address `begin` on. FOLDER/calls.json lists
// functions and their arguments, 64-bit integers as strings. After them, `memory` is written back, and results.json has of
// each call [result, seconds]. Behind it, the module has as much memory as lenet_workspace_size has asked for.
import { readFileSync, writeFileSync } from "node:fs";

const [module, folder] = process.argv.slice(2);
const { begin, calls } = JSON.parse(readFileSync(`${folder}/calls.json`));
const memory = readFileSync(`${folder}/memory`);
const { exports: lenet } = (await WebAssembly.instantiate(readFileSync(module), {})).instance;
if (begin < lenet.__heap_base.value) throw new Error(`the module's own memory ends at ${lenet.__heap_base.value}`);

function reserve(end) {
  const missing = end - lenet.memory.buffer.byteLength;
  if (missing > 0) lenet.memory.grow(Math.ceil(missing / 65536));
}

reserve(begin + memory.length);
new Uint8Array(lenet.memory.buffer).set(memory, begin);
const results = calls.map(([name, values]) => {
  const began = performance.now();
  const result = lenet[name](...values.map((value) => (typeof value === "string" ? BigInt(value) : value)));
  const seconds = (performance.now() - began) / 1000;
  if (name === "lenet_workspace_size") reserve(begin + memory.length + Number(result));
  return [Number(result ?? 0), seconds];
});
writeFileSync(`${folder}/memory`, new Uint8Array(lenet.memory.buffer, begin, memory.length));
writeFileSync(`${folder}/results.json`, JSON.stringify(results));
