/** The texts of the answer. */

const EN = {
  title: "Answer",
  sorted: "Order", byProbability: "by probability", byClass: "by class",
  answer: "{name}, {p} %", unknown: "Unknown, nearest {name}, {p} %", right: "Correct: the label is {truth}.", wrong: "Wrong: the label is {truth}.", open: "This image has no label.",
  far: "Unknown: unlike the training images. The answer {name} is rejected.",
  weak: "Unknown: weak evidence for every class. The answer {name} is rejected.",
  known: "Accepted: the image is like the training images.",
  uncalibrated: "This network has no calibration: its probabilities are mostly too sure, and it rejects nothing. A training with --validation N calibrates at its end.",
  score: "Outlier score {score}; above 1 an image is unknown.",
  class: "Class", probability: "Probability", label: "label", none: "No answer.",
  image: "The image as the network sees it",
  off: "Steps of the preprocessing are switched off.", on: "Switch them on",
};

const ZH = {
  title: "回答",
  sorted: "顺序", byProbability: "按概率", byClass: "按类别",
  answer: "{name},{p} %", unknown: "未知,最接近 {name},{p} %", right: "正确:标签是 {truth}。", wrong: "错误:标签是 {truth}。", open: "该图像没有标签。",
  far: "未知:与训练图像不同。回答 {name} 被拒绝。",
  weak: "未知:每个类别的证据都很弱。回答 {name} 被拒绝。",
  known: "接受:该图像与训练图像相似。",
  uncalibrated: "该网络没有校准:概率大多过于自信,也不会拒绝任何图像。使用 --validation N 训练,结束时会自动校准。",
  score: "离群分数 {score};高于 1 的图像为未知。",
  class: "类别", probability: "概率", label: "标签", none: "没有回答。",
  image: "网络看到的图像",
  off: "预处理的一些步骤已关闭。", on: "打开它们",
};

export const WORDS = { en: EN, zh: ZH };
