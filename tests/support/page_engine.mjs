// Logits by the page: node page_engine.mjs FOLDER COUNT [MODULE]. Of each of COUNT networks FOLDER has N.json, N.weights and
// N.images; N.logits is written. With a module the kernels in it compute them, otherwise JavaScript.
import { readFileSync, writeFileSync } from "node:fs";

import { Kernels } from "../../src/lenet/explorer/page/engine/kernels.js";
import { Network } from "../../src/lenet/explorer/page/engine/network.js";

const [folder, count, module] = process.argv.slice(2);
const kernels = module ? await Kernels.load(readFileSync(module)) : null;
for (let number = 0; number < Number(count); number += 1) {
  const read = (suffix) => readFileSync(`${folder}/${number}.${suffix}`);
  const weights = new Float32Array(new Uint8Array(read("weights")).buffer);
  const network = new Network(JSON.parse(read("json")), weights);
  const images = new Uint8Array(read("images")), size = network.inputShape.reduce((a, b) => a * b);
  const began = performance.now(), logits = [];
  if (kernels) logits.push(kernels.logits(network, images, images.length / size));
  else for (let at = 0; at < images.length; at += size) logits.push(network.forward(images.subarray(at, at + size)).at(-1));
  console.log(number, ((performance.now() - began) * size) / images.length, "ms");
  writeFileSync(`${folder}/${number}.logits`, Buffer.concat(logits.map((each) => Buffer.from(each.buffer))));
}
