/** The texts of the panel for images, and the sentences for what is wrong with one. */

const PROBLEMS_EN = {
  undrawn: "Nothing is drawn yet. Draw on the pad, or choose an image.",
  empty: "The image has no pixels.",
  alike: "The image is blank: all its pixels are alike. Choose one that shows something.",
  faint: "The image is nearly blank: its pixels differ by {difference} of 255 at most. Take the photo in better light.",
  nothing: "Nothing stands out from the background of this image. Take the object alone, on an even ground.",
  alpha: "The image has {channels} channels, and images have one, three or four. Save it as PNG.",
  unknown: "{name} is not an image, or of a format that this browser does not know. Save it as PNG or JPEG.",
  damaged: "{name} is damaged or incomplete. Open it in another program and save it as PNG, or copy it once more.",
  heic: "{name} is a HEIC photo, which this browser cannot read. Save it as JPEG (on an iPhone: Settings, Camera, Formats, Most Compatible), or open the page in Safari.",
  tiff: "{name} is a TIFF, which browsers do not read. Save it as PNG.",
  large: "{name} is too large: {width} × {height} pixels are more than {most} megapixels. Make it smaller first; a few hundred pixels along each edge are plenty.",
  long: "{name} is too long: {width} × {height} pixels, and browsers read at most {most} in a row. Make it smaller first.",
  bytes: "{name} is too large: {megabytes} MB, and at most 128 MB are read. Make it smaller first; a few hundred pixels along each edge are plenty.",
  readback: "This browser changes the pixels that pages read, by up to {noise} of 255, as a protection against fingerprinting, so that the network would see noise. Allow this page to read canvases, or draw on the pad, which is not affected.",
};

const PROBLEMS_ZH = {
  undrawn: "还没有画任何内容。请在画板上画,或选择一张图像。",
  empty: "图像没有像素。",
  alike: "图像是空白的:所有像素都相同。请选择有内容的图像。",
  faint: "图像几乎空白:像素之间最多相差 {difference}(满值 255)。请在更好的光线下拍摄。",
  nothing: "图像中没有任何内容从背景中凸显出来。请单独拍摄物体,背景要均匀。",
  alpha: "图像有 {channels} 个通道,而图像应有一个、三个或四个。请另存为 PNG。",
  unknown: "{name} 不是图像,或其格式此浏览器不认识。请另存为 PNG 或 JPEG。",
  damaged: "{name} 已损坏或不完整。请用其他程序打开并另存为 PNG,或重新复制一次。",
  heic: "{name} 是 HEIC 照片,此浏览器无法读取。请另存为 JPEG(iPhone:设置、相机、格式、兼容性最佳),或用 Safari 打开本页。",
  tiff: "{name} 是 TIFF,浏览器不能读取。请另存为 PNG。",
  large: "{name} 太大:{width} × {height} 像素超过 {most} 百万像素。请先缩小;每边几百像素就足够了。",
  long: "{name} 太长:{width} × {height} 像素,而浏览器每行最多读取 {most} 个。请先缩小。",
  bytes: "{name} 太大:{megabytes} MB,最多读取 128 MB。请先缩小;每边几百像素就足够了。",
  readback: "此浏览器为防止指纹识别,会改变网页读取的像素,最多相差 {noise}(满值 255),网络看到的会是噪声。请允许本页读取画布,或在画板上画,画板不受影响。",
};

const EN = {
  title: "Image",
  pad: "Drawing pad: draw with mouse, finger or pen. With the keyboard: arrow keys move, space sets the pen down and lifts it, Backspace takes the last stroke back, Delete clears.",
  here: "Draw here", down: "The pen draws: column {x}, row {y}.", up: "The pen is lifted: column {x}, row {y}.",
  undo: "Undo", clear: "Clear", light: "Dark on light", dark: "Light on dark",
  choose: "Choose a file …", photo: "Take a photo", hint: "Or drop an image on the page, or paste one.", busy: "Reading the image …",
  taken: "{name}: {width} × {height} pixels.", takenReduced: "{name}: {width} × {height} pixels, of which each {divisor} × {divisor} became one.",
  several: "{count} images came at once: only the first, {name}, is taken.",
  noise: "This browser changes the pixels that pages read, by up to {noise} of 255: too little to matter, but not what is in the file.",
  ...PROBLEMS_EN,
};

const ZH = {
  title: "图像",
  pad: "画板:用鼠标、手指或笔画。键盘操作:方向键移动,空格键落笔和抬笔,退格键撤销上一笔,Delete 键清空。",
  here: "在此处画", down: "正在画:第 {x} 列,第 {y} 行。", up: "笔已抬起:第 {x} 列,第 {y} 行。",
  undo: "撤销", clear: "清空", light: "浅底深色", dark: "深底浅色",
  choose: "选择文件……", photo: "拍照", hint: "也可以把图像拖到页面上,或粘贴。", busy: "正在读取图像……",
  taken: "{name}:{width} × {height} 像素。", takenReduced: "{name}:{width} × {height} 像素,每 {divisor} × {divisor} 个合并为一个。",
  several: "同时来了 {count} 张图像:只取第一张 {name}。",
  noise: "此浏览器会改变网页读取的像素,最多相差 {noise}(满值 255):影响很小,但与文件内容不完全相同。",
  ...PROBLEMS_ZH,
};

export const WORDS = { en: EN, zh: ZH };
export const PROBLEMS = { en: PROBLEMS_EN, zh: PROBLEMS_ZH };
