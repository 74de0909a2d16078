/** The texts about the kernels of convolutions, in both languages. */

export const WORDS = {
  en: {
    title: "Filters",
    hint: "Each unit of a convolution has a kernel for every input channel; all kernels of the layer have the same scale. Beside them: "
      + "the test images of this page that excite the unit most, with the patch that the largest output comes from. Choosing one opens it.",
    layer: "Layer", unit: "Map {unit}", bias: "bias {bias}", kernels: "Kernels of map {unit}, input channels: {count}",
    none: "This network has no convolution.", noImages: "There are no test images in this page.", open: "See its map",
    image: "Test image {image}, class {label}: output {value} at row {row}, column {column}. Open it.",
    best: "Test images that excite map {unit} most",
  },
  zh: {
    title: "卷积核",
    hint: "卷积层的每个单元对每个输入通道各有一个卷积核;同一层的所有卷积核使用同一标度。旁边是本页测试图像中最能激活该单元的图像,"
      + "并标出最大输出所来自的图像块。选择其中一张即可打开。",
    layer: "层", unit: "特征图 {unit}", bias: "偏置 {bias}", kernels: "特征图 {unit} 的卷积核,共 {count} 个输入通道",
    none: "此网络没有卷积层。", noImages: "本页没有测试图像。", open: "查看其特征图",
    image: "测试图像 {image},类别 {label}:在行 {row}、列 {column} 处输出 {value}。打开它。",
    best: "最能激活特征图 {unit} 的测试图像",
  },
};
