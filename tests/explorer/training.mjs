// node training.mjs FOLDER MODULE: trains each case of FOLDER/task.json; writes N.weights, N.safetensors and result.json.
import { readFileSync, writeFileSync } from "node:fs";

import { Kernels } from "../../src/lenet/explorer/page/engine/kernels.js";
import { train } from "../../src/lenet/explorer/page/engine/worker.js";
import { RECIPES } from "../../src/lenet/explorer/page/training/recipes.js";
import { meanAndStd } from "../../src/lenet/explorer/page/training/file.js";

const [folder, module] = process.argv.slice(2);
const { cases, input, classes, preprocessing } = JSON.parse(readFileSync(`${folder}/task.json`, "utf8"));
const pixels = new Uint8Array(readFileSync(`${folder}/images`));
const labels = new Int32Array(new Uint8Array(readFileSync(`${folder}/labels`)).buffer);
const kernels = await Kernels.load(readFileSync(module));
const results = [];
for (const [number, { recipe, ...changes }] of cases.entries()) {
  const settings = { ...RECIPES[recipe], ...changes };
  const measured = settings.normalize ? meanAndStd(pixels) : { mean: 0, std: 1 };
  const task = { images: { pixels, labels }, settings, input, classes, preprocessing: { ...preprocessing, ...measured } };
  let reports = 0;
  const trained = await train(kernels, task, task.images, () => false, () => (reports += 1));
  writeFileSync(`${folder}/${number}.weights`, new Uint8Array(trained.weights.buffer));
  writeFileSync(`${folder}/${number}.safetensors`, trained.file);
  const { weights, ...progress } = trained.progress;
  results.push({ settings, measured, reports, ...progress });
}
writeFileSync(`${folder}/result.json`, JSON.stringify(results));
