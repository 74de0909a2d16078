// Logits by the page's JavaScript: node page_engine.mjs FOLDER COUNT. Of each of COUNT networks FOLDER has N.json, N.weights and
// N.images; N.logits is written.
import { readFileSync, writeFileSync } from "node:fs";

import { Network } from "../../src/lenet/explorer/page/engine/network.js";

const [folder, count] = process.argv.slice(2);
for (let number = 0; number < Number(count); ++number) {
  const read = (suffix) => readFileSync(`${folder}/${number}.${suffix}`);
  const weights = new Float32Array(new Uint8Array(read("weights")).buffer);
  const network = new Network(JSON.parse(read("json")), weights);
  const images = new Uint8Array(read("images")), size = network.inputShape.reduce((a, b) => a * b);
  const began = performance.now();
  const logits = [];
  for (let at = 0; at < images.length; at += size) logits.push(network.forward(images.subarray(at, at + size)).at(-1));
  console.log(number, (performance.now() - began) / logits.length, "ms");
  writeFileSync(`${folder}/${number}.logits`, Buffer.concat(logits.map((each) => Buffer.from(each.buffer))));
}
