// node answers.mjs FOLDER judge|gradient: what doubt.js and gradient.js compute of the files in FOLDER.
import { readFileSync, writeFileSync } from "node:fs";

import { judge } from "../../src/lenet/explorer/page/engine/doubt.js";
import { inputGradient } from "../../src/lenet/explorer/page/engine/gradient.js";
import { Network } from "../../src/lenet/explorer/page/engine/network.js";

const [folder, what] = process.argv.slice(2);
const floats = (name) => new Float32Array(new Uint8Array(readFileSync(`${folder}/${name}`)).buffer);
const json = (name) => JSON.parse(readFileSync(`${folder}/${name}.json`, "utf8"));

if (what === "judge") {
  const calibration = json("calibration"), logits = floats("logits"), embedding = floats("embedding");
  const classes = 10, width = calibration.width, count = logits.length / classes;
  const part = (values, size, i) => values.subarray(i * size, (i + 1) * size);
  const judged = Array.from({ length: count }, (_, i) => judge(calibration, part(logits, classes, i), part(embedding, width, i)));
  console.log(JSON.stringify(judged));
} else {
  const network = new Network(json("network"), floats("weights")), images = new Uint8Array(readFileSync(`${folder}/images`));
  const size = images.length / json("classes").length;
  const gradients = json("classes").map((label, i) => {
    const outputs = network.forward(images.subarray(i * size, (i + 1) * size));
    return Buffer.from(inputGradient(network, outputs, label).buffer);
  });
  writeFileSync(`${folder}/gradients`, Buffer.concat(gradients));
}
