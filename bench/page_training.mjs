// One contender of page_training.py, in a page of its own: trains the same LeNet on the same images, batch 64, plain SGD.
import { Kernels } from "/page/engine/kernels.js";
import { RECIPES } from "/page/training/recipes.js";
import { Trainer } from "/page/training/trainer.js";

const BATCH = 64, RATE = 0.05, CLASSES = 10, SIZE = 784;

/** Loads a classic script. */
function script(address) {
  return new Promise((resolve, reject) => {
    document.head.append(Object.assign(document.createElement("script"), { src: address, onload: resolve, onerror: reject }));
  });
}

/** The first images and labels of the data set. */
async function images(count) {
  const [pixels, labels] = await Promise.all(["/images", "/labels"].map(async (path) => (await fetch(path)).arrayBuffer()));
  return { pixels: new Uint8Array(pixels, 0, count * SIZE), labels: new Int32Array(labels, 0, count) };
}

/** Each returns a function that takes steps over all images and returns the last loss. */
const CONTENDERS = {
  async lenet(count) {
    const kernels = await Kernels.load(await (await fetch("/page/kernels.wasm")).arrayBuffer());
    const settings = { ...RECIPES.fast, optimizer: "sgd", learningRate: RATE, weightDecay: 0, schedule: "constant", epochs: 1e6 };
    const input = { channels: 1, height: 28, width: 28 }, classes = Array.from({ length: CLASSES }, (_, i) => String(i));
    const preprocessing = { mean: 0, std: 1 };
    const trainer = new Trainer(kernels, { images: await images(count), settings, input, classes, preprocessing });
    return () => trainer.advance(Infinity).loss / count;
  },

  async convnetjs(count) {
    await script("/npm/convnetjs/build/convnet.js");
    const { convnetjs } = globalThis, net = new convnetjs.Net();
    const convolution = (filters, pad) => ({ type: "conv", sx: 5, filters, stride: 1, pad, activation: "relu" });
    const pool = { type: "pool", sx: 2, stride: 2 };
    net.makeLayers([
      { type: "input", out_sx: 28, out_sy: 28, out_depth: 1 }, convolution(6, 2), pool, convolution(16, 0), pool,
      { type: "fc", num_neurons: 120, activation: "relu" }, { type: "fc", num_neurons: 84, activation: "relu" },
      { type: "softmax", num_classes: CLASSES },
    ]);
    const options = { method: "sgd", learning_rate: RATE, batch_size: BATCH, momentum: 0, l1_decay: 0, l2_decay: 0 };
    const trainer = new convnetjs.Trainer(net, options), { pixels, labels } = await images(count);
    const volumes = Array.from(labels, (_, i) => {
      const volume = new convnetjs.Vol(28, 28, 1, 0);
      for (let k = 0; k < SIZE; k += 1) volume.w[k] = pixels[i * SIZE + k] / 255;
      return volume;
    });
    return () => {
      let loss = 0;
      volumes.forEach((volume, i) => (loss += trainer.train(volume, labels[i]).loss));
      return loss / count;
    };
  },

  "tfjs cpu": (count) => tensorflow("cpu", count),
  async "tfjs wasm"(count) {
    await script("/npm/@tensorflow/tfjs/dist/tf.min.js");
    await script("/npm/@tensorflow/tfjs-backend-wasm/dist/tf-backend-wasm.min.js");
    globalThis.tf.wasm.setWasmPaths("/npm/@tensorflow/tfjs-backend-wasm/dist/");
    return tensorflow("wasm", count);
  },
};

async function tensorflow(backend, count) {
  if (!globalThis.tf) await script("/npm/@tensorflow/tfjs/dist/tf.min.js");
  const { tf } = globalThis, { layers } = tf;
  if (!(await tf.setBackend(backend))) throw new Error(`no backend ${backend}`);
  await tf.ready();
  const convolution = (filters, padding, rest) => layers.conv2d({ filters, kernelSize: 5, padding, activation: "relu", ...rest });
  const pool = () => layers.maxPooling2d({ poolSize: 2, strides: 2 }), dense = (units, activation) => layers.dense({ units, activation });
  const model = tf.sequential({ layers: [
    convolution(6, "same", { inputShape: [28, 28, 1] }), pool(), convolution(16, "valid"), pool(), layers.flatten(),
    dense(120, "relu"), dense(84, "relu"), dense(CLASSES, "softmax"),
  ] });
  model.compile({ optimizer: tf.train.sgd(RATE), loss: "categoricalCrossentropy" });
  const { pixels, labels } = await images(count);
  const x = tf.tensor4d(Float32Array.from(pixels, (pixel) => pixel / 255), [count, 28, 28, 1]);
  const y = tf.oneHot(tf.tensor1d(labels, "int32"), CLASSES);
  const options = { batchSize: BATCH, epochs: 1, shuffle: false, verbose: 0, yieldEvery: "never" };
  return async () => (await model.fit(x, y, options)).history.loss[0];
}

/** Images a second of a contender: the first pass is not counted. */
globalThis.measure = async (name, count, passes) => {
  try {
    const pass = await CONTENDERS[name](count);
    const first = await pass();
    const began = performance.now();
    let loss = NaN;
    for (let i = 0; i < passes; i += 1) loss = await pass();
    const seconds = (performance.now() - began) / 1000;
    return { speed: (count * passes) / seconds, first, loss };
  } catch (error) {
    return { fault: String(error) };
  }
};
