/** The texts about two networks side by side, in both languages. */

export const WORDS = {
  en: {
    title: "Two networks",
    one: "This page holds one network. A second one of the same classes and image size comes beside it with",
    trained: "A network that is trained here, in the panel Train here, comes beside it too.",
    beside: "Compare {name} with", accuracy: "{name}: {percent} % of {count} test images correct", unmeasured: "{name}: not measured on the test images",
    says: "{name} answers {label} with {p}.", unknown: "It takes the image for unlike its training images.",
    agree: "Both give the same answer.", differ: "They disagree.", truth: "The true class is {label}.",
    answers: "Answers for this image", class: "Class", difference: "Difference", probability: "Probability by {name}",
    maps: "What their layers make of this image", minus: "{one} − {two}", layerOf: "{layer} of {name}",
    mapsHint: "Both in the same colours; the difference in its own. Maps of one number need not mean the same in networks that were trained apart: "
      + "the difference says most between moments of one training, or after a small change.",
    unlike: "{one} has other layers than {two} from here on: there is no difference to show.",
    disagreements: "Images on which they disagree", none: "They give the same answer for every one of these images.",
    counted: "They disagree on {count} of {total} test images: on {first} of them {one} is right, on {second} {two}, on {neither} neither. "
      + "{stored} are in this file, those with the largest difference first.",
    caption: "Below each image: its label, then the answers of {one} and of {two}.",
    found: "They disagree on {count} of the {total} images of this file.", working: "Computing the answers: {percent} %",
    noImages: "This file holds no images of the data set.", open: "Open test image {number}: {truth}; {one} answers {first}, {two} answers {second}",
    moment: "The answers and maps are those of the moment that the replay shows; the list is that of the trained networks.",
  },
  zh: {
    title: "两个网络",
    one: "本页只有一个网络。要与另一个类别和图像尺寸相同的网络对比,请运行",
    trained: "在“在此训练”面板中训练的网络也会列在旁边。",
    beside: "将 {name} 与之比较", accuracy: "{name}:{count} 张测试图像中 {percent} % 正确", unmeasured: "{name}:未在测试图像上测量",
    says: "{name} 的回答是 {label},概率 {p}。", unknown: "它认为此图像不像其训练图像。",
    agree: "两者的回答相同。", differ: "两者的回答不同。", truth: "真实类别是 {label}。",
    answers: "对此图像的回答", class: "类别", difference: "差", probability: "{name} 的概率",
    maps: "两者各层对此图像的输出", minus: "{one} − {two}", layerOf: "{name} 的{layer}",
    mapsHint: "两者使用相同的颜色;差使用自己的颜色。分别训练的网络中,编号相同的特征图含义不一定相同:"
      + "差在同一次训练的不同时刻之间,或在小改动之后最有意义。",
    unlike: "从这里起,{one} 的层与 {two} 不同:无法显示差。",
    disagreements: "两者回答不同的图像", none: "对所有这些图像,两者的回答都相同。",
    counted: "{total} 张测试图像中有 {count} 张两者回答不同:其中 {first} 张 {one} 正确,{second} 张 {two} 正确,{neither} 张都不正确。"
      + "本文件含 {stored} 张,差异最大的在前。",
    caption: "每张图像下方:标签,然后是 {one} 和 {two} 的回答。",
    found: "本文件的 {total} 张图像中有 {count} 张两者回答不同。", working: "正在计算回答:{percent} %",
    noImages: "本文件不含数据集的图像。", open: "打开测试图像 {number}:{truth};{one} 回答 {first},{two} 回答 {second}",
    moment: "回答和特征图是回放所示时刻的;列表是训练完成的网络的。",
  },
};
