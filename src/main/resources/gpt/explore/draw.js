// The kept tokens as a strip, into which the random number points, and the token that is drawn.

import { UNITS } from "./chain.js";
import { bdi, element, make, style } from "./dom.js";
import { explorer } from "./explorer.js";
import { count, percent, signed } from "./format.js";

/** Tokens of the strip with a lower probability are merged. */
const MIN_STRIP_WIDTH = 0.004;

/** The random number of the step, in [0, 1). */
export const random = () => explorer.step.random / UNITS;

function piece(width, text) {
  return style(make("i", "", text), { "--w": width });
}

/** The strip's parts in the order of the ids. */
function parts() {
  const { chain } = explorer;
  const strip = make("div", "parts");
  const characters = element("strip").clientWidth / 9;
  let merged = 0;
  const appendMerged = () => {
    if (merged > 0) strip.append(piece(merged, ""));
    merged = 0;
  };
  for (let id = 0; id < chain.size; id++) {
    const p = chain.probabilities[id];
    if (p === 0) continue;
    if (p < MIN_STRIP_WIDTH && id !== chain.drawn) {
      merged += p;
      if (merged >= MIN_STRIP_WIDTH) appendMerged();
      continue;
    }
    appendMerged();
    const label = explorer.label(id);
    const part = piece(p, p * characters > label.length ? label : "");
    part.title = `${label} ${percent(p)}`;
    part.classList.toggle("hit", id === chain.drawn);
    strip.append(part);
  }
  appendMerged();
  return strip;
}

export function drawStrip() {
  const { chain, settings } = explorer;
  const at = random();
  const strip = element("strip");
  strip.hidden = settings.temperature === 0;
  if (strip.hidden) return;
  const pointer = style(make("div", "pointer", make("span", "", "▼ " + at.toFixed(5))), { "--at": at });
  pointer.classList.toggle("right", at > 0.8);
  strip.replaceChildren(parts(), pointer);
  strip.setAttribute("aria-label",
    `The random number ${at.toFixed(5)} points at ${explorer.label(chain.drawn)}, whose probability is ${percent(chain.probabilities[chain.drawn])}.`);
}

function facts(id) {
  const { chain, step } = explorer;
  return [bdi(explorer.label(id)), ` id ${id}, rank ${count(step.modelRank(id))} by the model`,
    make("div", "hint", `log-probability by the model ${signed(Math.log(step.model[id]), 4)} (${percent(step.model[id])}); with these settings ${percent(chain.probabilities[id])}`)];
}

export function writeDraw() {
  const { chain, step, live } = explorer;
  element("drawn-facts").replaceChildren(...facts(chain.drawn));
  element("chosen-box").hidden = live;
  if (live) return;
  element("chosen-facts").replaceChildren(...facts(step.chosen),
    make("div", "hint", chain.drawn === step.chosen ? "the same token" : "another token than with these settings"));
}
