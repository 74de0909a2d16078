/** The texts of the panel of units. */

export const WORDS = {
  en: {
    title: "Units",
    findings: "What the doctor found in this training", healthy: "The doctor found nothing wrong in this training.",
    noTraining: "Nothing is known of this network's training.", inEpoch: "epoch {epoch}",
    message: "Found", evidence: "Evidence", remedy: "Remedy", unknownFinding: "A finding of a newer version of lenet.",
    showUnits: "Show these units", showConfusion: "Show the confusion matrix", showCurve: "Show the curve of the training",
    layers: "Layers: values over the stored test images, and weights", layer: "Layer", values: "Values", range: "Mean ± std", dead: "Dead", saturated: "Saturated", weights: "Weights",
    ofUnits: "{count} of {total}", meanStd: "{mean} ± {std}",
    valuesOf: "Values of layer {layer}, from {low} to {high}, mean {mean}", weightsOf: "{count} weights, from {low} to {high}",
    layersCaption: "By the doctor's rules: a ReLU, or the channel of a convolution, is dead if it is 0 for every image; a sigmoid or tanh is saturated if it is always within 1 % of the ends of its range. Where more than half of a layer is, the doctor reports it. Values are those of the trained network; weights follow the snapshot and what was changed. Orange bars are cut: they are far higher than the others.",
    unitsOf: "Units of layer {layer}", unit: "Unit {unit}", deadUnit: "Unit {unit}: dead", saturatedUnit: "Unit {unit}: saturated", histogramOf: "Histogram of unit {unit}",
    unitsNote: "{total} units over {images} stored test images: {dead} dead, {saturated} saturated. They follow the snapshot, changed weights and units that are switched off.",
    working: "Computing: {percent} %", noImages: "This file holds no images of the data set.",
  },
  zh: {
    title: "单元",
    findings: "lenet doctor 在这次训练中发现了什么", healthy: "lenet doctor 没有在这次训练中发现问题。",
    noTraining: "对该网络的训练一无所知。", inEpoch: "第 {epoch} 轮",
    message: "发现", evidence: "证据", remedy: "补救", unknownFinding: "来自更新版本 lenet 的发现。",
    showUnits: "显示这些单元", showConfusion: "显示混淆矩阵", showCurve: "显示训练曲线",
    layers: "各层:在已存测试图像上的值,以及权重", layer: "层", values: "值", range: "均值 ± 标准差", dead: "死亡", saturated: "饱和", weights: "权重",
    ofUnits: "{total} 个中 {count} 个", meanStd: "{mean} ± {std}",
    valuesOf: "层 {layer} 的值,从 {low} 到 {high},均值 {mean}", weightsOf: "{count} 个权重,从 {low} 到 {high}",
    layersCaption: "按 lenet doctor 的规则:若一个 ReLU 或卷积的一个通道对所有图像都为 0,则为死亡;若 sigmoid 或 tanh 始终处于其值域两端 1 % 以内,则为饱和。当一层中超过一半如此,lenet doctor 会报告。值属于训练好的网络;权重随快照和所作修改而变。橙色柱被截断:它们远高于其他柱。",
    unitsOf: "层 {layer} 的单元", unit: "单元 {unit}", deadUnit: "单元 {unit}:死亡", saturatedUnit: "单元 {unit}:饱和", histogramOf: "单元 {unit} 的直方图",
    unitsNote: "{total} 个单元,{images} 张已存测试图像:{dead} 个死亡,{saturated} 个饱和。它们随快照、修改的权重和关闭的单元而变。",
    working: "正在计算:{percent} %", noImages: "本文件不含数据集的图像。",
  },
};
