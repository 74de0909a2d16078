/** The texts of the replay, in both languages. */

export const WORDS = {
  en: {
    title: "Replay",
    none: "This run kept no snapshots of its training, so there is nothing to replay.",
    how: "A training keeps ten by default (lenet train --snapshots N); train again and explore the new run:",
    hint: "The slider goes through the training: maps, kernels, confusion matrix, embedding and curves below follow, and so do all other panels.",
    moment: "Moment", play: "Play", stop: "Pause", trained: "trained network", back: "Show the trained network",
    at: "Step {step}, epoch {epoch}", measured: "{percent} % of the test images correct, loss {loss}",
    answer: "this image: {label} with {p}", truth: "true class: {label}",
    rounded: "Weights of a snapshot are rounded to 255 values a channel here; its accuracy is that of the weights as they were kept.",
    probabilities: "The probabilities of this image over the moments", probability: "probability", moments: "moment",
    curves: "Accuracy over the epochs", accuracy: "accuracy", epoch: "epoch", train: "training", test: "test", atMoment: "snapshots",
    losses: "Loss over the epochs", loss: "loss",
    maps: "What the layers make of the image", kernelsTitle: "Kernels, in the same colours at all moments", kernels: "Kernels of {layer}",
  },
  zh: {
    title: "回放",
    none: "此次训练没有保存快照,因此无法回放。",
    how: "训练默认保存十个快照(lenet train --snapshots N);请重新训练并查看新的结果:",
    hint: "滑块沿训练过程移动:下方的特征图、卷积核、混淆矩阵、嵌入图和曲线都随之变化,其他面板也一样。",
    moment: "时刻", play: "播放", stop: "暂停", trained: "训练完成的网络", back: "显示训练完成的网络",
    at: "第 {step} 步,第 {epoch} 轮", measured: "测试图像中 {percent} % 正确,损失 {loss}",
    answer: "此图像:{label},概率 {p}", truth: "真实类别:{label}",
    rounded: "此处快照的权重在每个通道内舍入为 255 个值;其准确率是按保存时的权重计算的。",
    probabilities: "此图像各类别的概率随时刻的变化", probability: "概率", moments: "时刻",
    curves: "准确率随轮次的变化", accuracy: "准确率", epoch: "轮次", train: "训练", test: "测试", atMoment: "快照",
    losses: "损失随轮次的变化", loss: "损失",
    maps: "各层对图像的输出", kernelsTitle: "卷积核,各时刻使用相同的颜色", kernels: "{layer} 的卷积核",
  },
};
