/** The panels of the page, in their order. */

import { panel as answer } from "./answer/panel.js";
import { panel as book } from "./book/panel.js";
import { panel as compare } from "./compare/panel.js";
import { panel as filters } from "./filters/panel.js";
import { panel as gallery } from "./gallery/panel.js";
import { panel as input } from "./input/panel.js";
import { panel as layers } from "./layers/panel.js";
import { panel as replay } from "./replay/panel.js";
import { panel as seen } from "./seen/panel.js";
import { panel as set } from "./set/panel.js";
import { panel as train } from "./train/panel.js";
import { panel as units } from "./units/panel.js";
import { panel as whatIf } from "./what_if/panel.js";
import { panel as why } from "./why/panel.js";

/** @type {import("../base/types.js").Panel[]} */
export const PANELS = [input, answer, gallery, seen, layers, filters, why, whatIf, set, units, replay, compare, train, book];
