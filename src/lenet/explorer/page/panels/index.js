/** The panels of the page, in their order. */

import { panel as set } from "./set/panel.js";
import { panel as why } from "./why/panel.js";

/** @type {import("../base/types.js").Panel[]} */
export const PANELS = [why, set];
