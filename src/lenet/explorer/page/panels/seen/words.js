/** The texts of the panel "What the network saw". */

const EN = {
  title: "What the network saw",
  intro: "Every image goes the same way to the network, here as in Python: found, brought to the size and contrast of the training images, and placed as they are.",
  stored: "This image is one of the data set: it goes in as it is. Lay it on a sheet of paper to see each step at work.",
  paper: "Lay it on paper", back: "Back to the image itself",
  lost: "The address holds what the network saw, and not the image that it was made from. Open the file again to see the steps.",
  alike: "The image is framed like the training images: it stays as it is.",
  whole: "The images of this network are taken whole: nothing is looked for, and no step can be switched off.",
  parts: "{count} parts of similar size were found.", read: "Read them left to right", readNo: "Take them as one", partsRead: "Left to right: {answers}",
  part: "Part {number}: {answer}", openPart: "Open part {number}",
  image: "The image", found: "What was found", object: "The object", scaled: "Scaled", "what the network sees": "What the network sees",
  imageText: "upright", foundText: "blue: kept", foundDropped: "blue: kept, red: left out", objectText: "the ground subtracted, the contrast stretched",
  scaledText: "brought to the size of the training images' objects", "what the network seesText": "placed as in the training images",
  size: "{width} × {height} pixels", step: "{name}, {width} × {height} pixels. Arrow keys walk through its numbers.",
  number: "{name}, row {row}, column {column}: {value}", keptHere: "kept", droppedHere: "left out", groundHere: "ground", pointHint: "Point at an image, or walk with the arrow keys, to read its numbers.",
  steps: "What each step is good for", caption: "Each row is the answer if this step alone were left out. Untick a step to look at the whole network without it.",
  name: "Step", without: "Without it", all: "With all steps", now: "As ticked", answer: "{name}, {p} %", unknown: "{name}, {p} %, rejected",
  find: "find the object, without its ground", strokes: "thicken thin strokes", contrast: "stretch the contrast",
  place: "centre the object", polarity: "make it light on dark, or dark on light, as the training images",
  working: "…", same: "the same input", reset: "Switch all steps on",
};

const ZH = {
  title: "网络看到了什么",
  intro: "每张图像都以同样的方式进入网络,这里与 Python 中相同:找到物体,调整到训练图像的大小和对比度,并像它们那样放置。",
  stored: "这张图像来自数据集:它原样进入网络。把它放到一张纸上,可以看到每一步的作用。",
  paper: "放到纸上", back: "回到图像本身",
  lost: "地址中只有网络看到的内容,没有原来的图像。请重新打开文件以查看各步骤。",
  alike: "图像的取景与训练图像相同:保持原样。",
  whole: "该网络使用整张图像:不寻找物体,也没有可关闭的步骤。",
  parts: "找到了 {count} 个大小相近的部分。", read: "从左到右读取", readNo: "作为一个整体", partsRead: "从左到右:{answers}",
  part: "第 {number} 部分:{answer}", openPart: "打开第 {number} 部分",
  image: "图像", found: "找到的内容", object: "物体", scaled: "缩放后", "what the network sees": "网络看到的",
  imageText: "已转正", foundText: "蓝色:保留", foundDropped: "蓝色:保留,红色:舍弃", objectText: "减去背景,拉伸对比度",
  scaledText: "调整到训练图像中物体的大小", "what the network seesText": "像训练图像那样放置",
  size: "{width} × {height} 像素", step: "{name},{width} × {height} 像素。方向键可逐个查看数值。",
  number: "{name},第 {row} 行,第 {column} 列:{value}", keptHere: "保留", droppedHere: "舍弃", groundHere: "背景", pointHint: "指向图像,或用方向键移动,可读取数值。",
  steps: "每一步有什么用", caption: "每一行是仅省去这一步时的回答。取消勾选某一步,整个页面就显示没有这一步的网络。",
  name: "步骤", without: "省去时", all: "所有步骤", now: "按勾选", answer: "{name},{p} %", unknown: "{name},{p} %,被拒绝",
  find: "找到物体,去掉背景", strokes: "加粗细笔画", contrast: "拉伸对比度",
  place: "将物体居中", polarity: "变为与训练图像相同的深底浅色或浅底深色",
  working: "……", same: "输入相同", reset: "打开所有步骤",
};

export const WORDS = { en: EN, zh: ZH };
