import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateRawSync } from "node:zlib";

import { float16, read } from "../../src/lenet/explorer/page/base/data.js";
import { DEFAULTS, changes, changesText, format, parse, unitsOff, unitsText } from "../../src/lenet/explorer/page/base/state.js";
import { languageOf, speaker } from "../../src/lenet/explorer/page/base/words.js";

test("a state and its address are the same thing", () => {
  const states = [
    {}, { panel: "why", image: "test:17" }, { image: "drawn:1,2;3,4", layer: 2, unit: 0, row: 5, column: 6 },
    { units: "2.3,2.5", weights: "12=-0.5,13=1e-7", snapshot: 3, lang: "zh" }, { image: "a&b=c#d %" },
  ];
  for (const changed of states) {
    const state = { ...DEFAULTS, ...changed };
    assert.deepEqual(parse(format(state, DEFAULTS), DEFAULTS), state);
  }
});

test("an address with nonsense is the default state", () => {
  assert.deepEqual(parse("#nothing=1&%%%&=", DEFAULTS), DEFAULTS);
});

test("changes and units survive being written", () => {
  const weights = new Map([[3, 0.1], [4, -2e-9]]);
  assert.deepEqual(changes(changesText(weights)), weights);
  const off = new Map([[2, new Set([1, 5])], [4, new Set([0])]]);
  assert.deepEqual(unitsOff(unitsText(off)), off);
  assert.equal(changes("x=1,,3").size, 0);
});

test("every float16 has its value", () => {
  assert.equal(float16(0x3c00), 1);
  assert.equal(float16(0xc000), -2);
  assert.equal(float16(0x0001), 2 ** -24);
  assert.equal(float16(0x7bff), 65504);
  assert.equal(float16(0xfc00), -Infinity);
});

test("a language is found, and its texts take values", () => {
  assert.equal(languageOf(null, "?lang=zh", ["en"]), "zh");
  assert.equal(languageOf("en", "?lang=zh", []), "en");
  assert.equal(languageOf(null, "", ["fr", "zh-CN", "en"]), "zh");
  assert.equal(languageOf(null, "?lang=xx", ["fr"]), "en");
  assert.equal(speaker({ en: { a: "{n} of {m}" } }, "zh")("a", { n: 1, m: 2 }), "1 of 2");
});

test("arrays are read wherever they stand", async () => {
  const data = deflateRawSync(Buffer.from(Float32Array.of(1.5, -2).buffer)).toString("base64");
  const result = await read(JSON.stringify({ runs: [{ weights: { dtype: "float32", shape: [2], data } }] }));
  assert.deepEqual([...result.runs[0].weights.values], [1.5, -2]);
});
