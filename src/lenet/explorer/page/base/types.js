/**
 * The types of the page's data, as page_data.py makes it and data.js reads it.
 *
 * @typedef {Uint8Array | Int8Array | Int32Array | Float32Array | Float64Array} Numbers
 */

/**
 * A binary array of the data.
 * @template {Numbers} T
 * @typedef {{shape: number[], values: T}} Table
 */

/**
 * A layer, with the fields of its kind as networks/layers.py has them.
 * @typedef {object} Layer
 * @property {"convolution"|"batch-norm"|"activation"|"pooling"|"global-pooling"|"dropout"|"flatten"|"dense"} kind
 * @property {string} name
 * @property {string} [function]
 * @property {number} [in_channels]
 * @property {number} [channels]
 * @property {number} [kernel_size]
 * @property {number} [padding]
 * @property {number} [in_features]
 * @property {number} [features]
 */

/**
 * @typedef {{size: [number, number], mean: number, std: number, ground: string, framing: string, channels: number, fit: string,
 *   objects?: number[]|null}} Preprocessing
 */

/**
 * Images of the data set: pixels (N, height, width) or (N, height, width, 3), labels (N,), positions in the data set (N,).
 * @typedef {{pixels: Table<Uint8Array>, labels: Table<Int32Array>, positions: Table<Int32Array>}} ImageSet
 */

/**
 * The network at a step of its training.
 * @typedef {object} Snapshot
 * @property {number} step
 * @property {number} epoch
 * @property {Table<Numbers>} weights
 * @property {number|null} [accuracy]
 * @property {number|null} [loss]
 * @property {Table<Int32Array>|null} [confusion]
 * @property {Table<Numbers>|null} [map]  as of `embeddings`, turned to it, in a unit of its own
 */

/**
 * @typedef {{step: number, name: string, message: string, remedy: string, evidence: Record<string, unknown>}} Finding
 */

/**
 * A trained network and what is known of its training.
 * @typedef {object} Run
 * @property {string} name
 * @property {string} model
 * @property {string|null} recipe
 * @property {string|null} data
 * @property {number|null} seed
 * @property {number|null} epochs
 * @property {string|null} command
 * @property {string[]} classes
 * @property {{channels: number, height: number, width: number}} input
 * @property {Layer[]} layers
 * @property {Record<string, [number, number[]]>} tensors
 * @property {Preprocessing} preprocessing
 * @property {Table<Float32Array>} weights
 * @property {any} calibration
 * @property {{accuracy: number, loss: number, count: number, confusion: Table<Int32Array>}|null} test
 * @property {{chunks: any[], epochs: any[]}} points
 * @property {Finding[]} findings
 * @property {Snapshot[]} snapshots
 * @property {Table<Float32Array>|null} [scales]  of the snapshots' weights
 * @property {{test: ImageSet|null, train: ImageSet|null}} images
 * @property {any} [embeddings]
 * @property {any} [units]
 * @property {any} [top]
 * @property {any} [disagreements]
 */

/**
 * All that the page holds.
 * @typedef {object} PageData
 * @property {number} format
 * @property {string} version
 * @property {Run[]} runs
 * @property {string[]} notices
 * @property {Table<Uint8Array>} [kernels]
 * @property {{pixels: Table<Uint8Array>, labels: Table<Uint8Array>}} [digits]  the built-in digits, (N, 8, 8) and (N,)
 * @property {import("./live.js").Live|null} [live]  of a page that is served while its network learns
 */

/**
 * The image that the page shows: pixels (height · width · channels) as the network sees them.
 * @typedef {object} Shown
 * @property {string} address
 * @property {Uint8Array} pixels
 * @property {number|null} label
 * @property {import("../images/preprocess.js").Explained|null} explained  null for images of the data set
 * @property {import("../images/pixels.js").Image} [original]  what was preprocessed
 * @property {import("../images/problem.js").ImageProblem} [problem]  why there is nothing to see
 */

/**
 * @typedef {{probabilities: Float64Array, label: number, isUnknown: boolean, reason: "far"|"weak"|null, score: number|null}} Answer
 */

/**
 * A part of the page.
 * @typedef {object} Panel
 * @property {string} id
 * @property {"side"|"tab"} place
 * @property {Record<string, Record<string, string>>} words  in en and zh; `title` names the panel
 * @property {Record<string, string|number|null>} [state]  its own entries of the address, with their defaults
 * @property {(root: HTMLElement, app: import("./app.js").App) => {update: () => void}} mount
 */

export {}; // a module without imports and exports would be a script, whose types cannot be imported
