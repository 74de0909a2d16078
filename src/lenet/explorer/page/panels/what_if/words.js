/** The texts about changes of a network and an image, in both languages. */

export const WORDS = {
  en: {
    title: "What if", before: "Unchanged", after: "Changed", answer: "Answer", class: "Class", logit: "Logit",
    changed: "Changed: units off: {units}, weights: {weights}, pixels: {pixels}.", nothing: "Nothing is changed.",
    from: "Answer before: {before} ({share} %)", to: "now: {after} ({now} %)", reset: "Reset all",
    hint: "Switch units off, change weights, paint on the image: the answer and all layers follow at once, and the address keeps it. "
      + "Under Layers, any unit has a switch and any weight in a table can be chosen.",
    pixels: "Pixels", paint: "Paint with grey {grey}", grey: "Grey", painter: "The image, enlarged. Arrow keys walk, Enter paints the pixel.",
    resetPixels: "Original pixels", units: "Units", layer: "Layer", unit: "Unit {unit}", isOff: "off", allOn: "All on", unitsOf: "Units of {name}",
    weights: "Weights", weight: "{tensor} [{place}]", value: "Value", zero: "Set to 0", original: "Original: {value}", close: "Close",
    remove: "Take back", choose: "Tensor", place: "Place, such as {example}", noWeight: "The tensor {tensor} has no place {place}; its shape is {shape}.",
    was: "{name}: {from} → {to}", slider: "Value of {name}", show: "Change", off: "{layer}, unit {unit}: off", painted: "Painted pixels: {count}",
  },
  zh: {
    title: "如果……会怎样", before: "改变之前", after: "改变之后", answer: "回答", class: "类别", logit: "未规范化的预测",
    changed: "已改变:关闭的单元 {units},权重 {weights},像素 {pixels}。", nothing: "没有任何改变。",
    from: "之前的回答:{before}({share} %)", to: "现在:{after}({now} %)", reset: "全部复原",
    hint: "关闭单元,改变权重,在图像上涂画:回答和所有层立即随之改变,地址会保存这些改变。在“各层”中,每个单元都有开关,表中的每个权重都可以选择。",
    pixels: "像素", paint: "用灰度 {grey} 涂画", grey: "灰度", painter: "放大的图像。方向键移动,Enter 涂画该像素。",
    resetPixels: "恢复像素", units: "单元", layer: "层", unit: "单元 {unit}", isOff: "关闭", allOn: "全部打开", unitsOf: "{name} 的单元",
    weights: "权重", weight: "{tensor} [{place}]", value: "值", zero: "设为 0", original: "原值:{value}", close: "关闭",
    remove: "撤销", choose: "张量", place: "位置,例如 {example}", noWeight: "张量 {tensor} 没有位置 {place};其形状为 {shape}。",
    was: "{name}:{from} → {to}", slider: "{name} 的值", show: "改变", off: "{layer},单元 {unit}:关闭", painted: "涂画的像素:{count}",
  },
};
