import assert from "node:assert/strict";
import { test } from "node:test";

import { Network } from "../../src/lenet/explorer/page/engine/network.js";
import { coverSquare } from "../../src/lenet/explorer/page/engine/occlusion.js";
import { before, copying, embeddingLayer, lastDense } from "../../src/lenet/explorer/page/engine/cut.js";
import { answers } from "../../src/lenet/explorer/page/panels/many.js";
import { leadOf, sidesOf, strongest } from "../../src/lenet/explorer/page/panels/why/contributions.js";
import { cover, groundOf, leadLost, partOf, probabilitiesOf, probabilityLost, readingOf } from "../../src/lenet/explorer/page/panels/why/covering.js";
import { slopeMap, slopeOf } from "../../src/lenet/explorer/page/panels/why/gradient.js";
import { nearest, tally } from "../../src/lenet/explorer/page/panels/why/neighbours.js";
import { sentences, share, signed } from "../../src/lenet/explorer/page/panels/why/sentences.js";
import { WORDS } from "../../src/lenet/explorer/page/panels/why/words.js";
import { speaker } from "../../src/lenet/explorer/page/base/words.js";
import { random, small } from "./small_network.mjs";

test("the nearest points are those of a search by hand", () => {
  const draw = random(1), points = Float32Array.from({ length: 60 * 7 }, draw), point = Float32Array.from({ length: 7 }, draw);
  const distances = Array.from({ length: 60 }, (_, i) => Math.hypot(...point.map((value, k) => value - points[7 * i + k])));
  const expected = distances.map((distance, number) => ({ distance, number })).sort((a, b) => a.distance - b.distance).slice(0, 8);
  const found = nearest(points, point, 8);
  assert.deepEqual(found.map(({ number }) => number), expected.map(({ number }) => number));
  found.forEach(({ distance }, i) => assert.ok(Math.abs(distance - expected[i].distance) < 1e-6));
  assert.deepEqual(tally([4, 9, 4, 4, 2]), [[4, 3], [2, 1], [9, 1]]);
});

test("contributions add up to the difference of the logits", () => {
  const network = small(), outputs = network.forward(Uint8Array.from({ length: 64 }, (_, i) => (i * 37) % 256));
  const layer = lastDense(network), logits = outputs[outputs.length - 1], lead = leadOf(network, layer, outputs[layer - 1], 2, 0);
  assert.ok(Math.abs(lead.lead - (logits[2] - logits[0])) < 1e-5);
  const { speaking, opposing, pro, contra, rest, others } = sidesOf(lead, 2);
  assert.ok(Math.abs(pro + contra + lead.constant - lead.lead) < 1e-9);
  const shown = [...speaking, ...opposing].reduce((sum, each) => sum + each.product, rest + lead.constant);
  assert.ok(Math.abs(shown - lead.lead) < 1e-9);
  assert.ok(others >= 0 && speaking.every((each, i) => !i || each.product <= speaking[i - 1].product));
  assert.deepEqual(strongest(Float32Array.of(0, 5, 3, 1, 9, 2), 2, 1, 2), [0, 2]);
});

test("a network that is cut gives what goes into its layer", () => {
  const network = small(), pixels = Uint8Array.from({ length: 64 }, (_, i) => (i * 91) % 256), outputs = network.forward(pixels), layer = lastDense(network);
  const inputs = outputs[layer - 1], copied = copying(network, layer).forward(pixels), cut = before(network, layer).forward(pixels);
  assert.deepEqual(copied[copied.length - 1], inputs);
  assert.deepEqual(cut[cut.length - 1], inputs);
  assert.equal(network.layers[embeddingLayer(network, null)].name, "first");
  assert.equal(network.layers[embeddingLayer(network, { layer: "last" })].name, "last");
});

test("a cover is a square around a pixel, cut at the edges", () => {
  const pixels = new Uint8Array(16).fill(9);
  coverSquare(pixels, { channels: 1, height: 4, width: 4 }, 0, 0, 3);
  assert.deepEqual([...pixels], [0, 0, 9, 9, 0, 0, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9]);
  assert.deepEqual(["dark", "light", "mixed"].map((ground) => groundOf(ground, Uint8Array.of(0, 10, 20))), [0, 255, 10]);
  const input = { channels: 1, height: 28, width: 28 };
  assert.deepEqual([0, 27, 14 * 28 + 14, 27 * 28, 27 * 28 + 14].map((place) => partOf(place, input)), ["upperLeft", "upperRight", "centre", "lowerLeft", "bottom"]);
});

test("covering gives the logits of each covered image, in batches of any size", () => {
  const network = small(), { input } = network.run, pixels = Uint8Array.from({ length: 64 }, (_, i) => (i * 53) % 256);
  const logitsOf = (images, count) => Float32Array.from(Array.from({ length: count }, (_, i) => [...network.forward(images.subarray(64 * i, 64 * (i + 1))).at(-1)]).flat());
  const [covered, whole] = [7, 100].map((batch) => finished(cover(logitsOf, batch, pixels, input, 0, 3)));
  assert.deepEqual(covered, whole);
  const one = Uint8Array.from(pixels);
  coverSquare(one, input, 20, 0, 3);
  assert.deepEqual(covered.logits.subarray(60, 63), network.forward(one).at(-1));
  assert.deepEqual(covered.logits.subarray(192), network.forward(pixels).at(-1));
  const probabilities = probabilitiesOf(covered, 2), reading = readingOf(covered, 1, 0);
  const lost = probabilityLost(probabilities, 3, 1);
  assert.ok(Math.abs(lost[20] - (probabilities[192 + 1] - probabilities[61])) < 1e-12);
  const { logits } = covered;
  assert.ok(Math.abs(leadLost(covered, 1, 0)[20] - (logits[193] - logits[192] - logits[61] + logits[60])) < 1e-5);
  reading.answers.forEach((answer, place) => assert.equal(logits[3 * place + answer], Math.max(...logits.subarray(3 * place, 3 * place + 3))));
  const turned = [...reading.turns.values()].flat().length, best = (place) => answers(logits, 3, 1).predicted[place];
  assert.equal(turned, reading.answers.filter((answer) => answer !== best(64)).length);
});

test("gradient times input is zero where the image is its background", () => {
  const network = small(), pixels = new Uint8Array(64);
  pixels[27] = 200;
  const outputs = network.forward(pixels), slope = slopeOf(network, outputs, 2, 1), map = slopeMap(network, slope, pixels, true, 0);
  assert.deepEqual([...map].filter((value, i) => i !== 27 && value !== 0), []);
  assert.deepEqual(slopeMap(network, slope, pixels, false, 0), slope);
});

test("the sentences say what the numbers say, in both languages", () => {
  const input = { channels: 1, height: 3, width: 3 }, probabilities = new Float64Array(30).fill(0.5);
  probabilities.set([0.09, 0.91], 18); // of the whole image: 9 first, then 4
  for (let place = 0; place < 9; place += 1) probabilities.set([0.1, 0.9], 2 * place);
  probabilities.set([0.88, 0.12], 4); // covering the upper right corner
  const reading = { weakest: 2, opening: 2, turns: new Map([[0, [2]]]), answers: Int32Array.of(1, 1, 0, 1, 1, 1, 1, 1, 1) };
  const lead = leadOf(small(), 5, Float32Array.of(1, 2, 0, 1, 3), 1, 0);
  const facts = {
    classes: ["9", "4"], label: 1, truth: 0, a: 1, b: 0, probabilities: [0.09, 0.91], covered: { reading, probabilities, input, edge: 5 },
    lead: { lead, sides: sidesOf(lead, 3) }, neighbours: { tally: [[1, 6], [0, 2]], nearest: 1, distance: 3.21 }, verdict: { score: 1.5, reason: "far" },
  };
  const english = sentences(facts, speaker(WORDS, "en")).map(({ text }) => text);
  assert.match(english[0], /answers 4 with a probability of 0\.91, but the label says 9, which gets 0\.09: a mistake/);
  assert.match(english[1], /in the upper right: with 5 × 5 pixels covered there \(row 0, column 2\), the network answers 9, as the label says\. 4 falls from 0\.91 to 0\.12/);
  assert.match(english.join(" "), /4 \(6\), 9 \(2\).*looks like 4.*1\.50, above the limit/);
  assert.match(sentences(facts, speaker(WORDS, "zh")).map(({ text }) => text).join(""), /遮挡那里的 5 × 5 像素.*4 从 0\.91 降到 0\.12.*高于界限 1/);
  const right = { ...facts, truth: 1, covered: { ...facts.covered, reading: { ...reading, turns: new Map() } }, verdict: { score: 0.2, reason: null } };
  const calm = sentences(right, speaker(WORDS, "en")).map(({ text }) => text).join(" ");
  assert.match(calm, /what the label says.*No cover of 5 × 5 pixels changes the answer.*takes 4 from 0\.91 to 0\.12.*0\.20, below the limit/);
  assert.deepEqual([share(0.914), share(0.99999), share(0.00001), share(1), share(0.9987)], ["0.91", "> 0.9999", "< 0.0001", "1.00", "0.9987"]);
  assert.deepEqual([signed(2.5), signed(-0.25)], ["+2.5", "−0.25"]);
});

/** What a generator returns. */
function finished(generator) {
  for (;;) {
    const { done, value } = generator.next();
    if (done) return value;
  }
}
