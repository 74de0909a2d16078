/** The texts of the gallery of test images. */

const EN = {
  title: "Test images", open: "Choose one", truth: "Label", answered: "Answer", any: "all", mistakes: "mistakes only", filter: "Show", every: "all images",
  order: "The worst mistakes come first. Arrow keys walk, Page Up and Page Down turn the page.",
  none: "No stored image fits.",
  image: "Image {number}: label {label}", imageAnswered: "Image {number}: label {label}, answer {answer}", noSet: "This file has no test images.",
};

const ZH = {
  title: "测试图像", open: "选择一张", truth: "标签", answered: "回答", any: "全部", mistakes: "仅错误", filter: "显示", every: "全部图像",
  order: "最严重的错误排在最前。方向键移动,Page Up 和 Page Down 翻页。",
  none: "没有符合条件的图像。",
  image: "图像 {number}:标签 {label}", imageAnswered: "图像 {number}:标签 {label},回答 {answer}", noSet: "本文件没有测试图像。",
};

export const WORDS = { en: EN, zh: ZH };
