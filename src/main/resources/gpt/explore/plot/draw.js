// The kept tokens as a strip, into which the random number points, and the token that is drawn.

import { UNITS } from "./chain.js";
import { bdi, element, make, resize, setClass, setText, style, widthOf } from "./dom.js";
import { explorer } from "./explorer.js";
import { count, percent, share, signed } from "./format.js";

/** Tokens of the strip with a lower probability are merged. */
const MIN_STRIP_WIDTH = 0.02;

/** The random number of the step, in [0, 1). */
export const random = () => explorer.step.random / UNITS;

/** The strip's parts in the order of the ids: probability, and id or null for merged tokens. */
function stripParts() {
  const { chain } = explorer;
  const found = [];
  let merged = 0;
  const appendMerged = () => {
    if (merged > 0) found.push([merged, null]);
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
    found.push([p, id]);
  }
  appendMerged();
  return found;
}

export function drawStrip() {
  const { chain, settings } = explorer;
  const at = random();
  const strip = element("strip");
  strip.hidden = settings.temperature === 0;
  if (strip.hidden) return;
  const [box, pointer] = strip.children;
  const characters = widthOf(strip.parentElement) / 9;
  const parts = stripParts();
  resize(box, parts.length, () => make("i")).forEach((part, i) => {
    const [p, id] = parts[i];
    const label = id === null ? "" : explorer.label(id);
    part.style.width = share(p);
    setText(part, p * characters > label.length ? label : "");
    setClass(part, id === chain.drawn ? "hit" : "");
  });
  style(pointer, { "--at": at });
  pointer.classList.toggle("right", at > 0.8);
  setText(pointer.firstChild, "▼ " + at.toFixed(5));
}

/** Describes the strip to screen readers and on hover. */
function describeStrip() {
  const { chain } = explorer;
  stripParts().forEach(([p, id], i) => {
    const part = element("strip").firstElementChild.children[i];
    if (part) part.title = `${id === null ? "unlikely tokens" : explorer.label(id)} ${percent(p)}`;
  });
  element("strip").setAttribute("aria-label",
    `The random number ${random().toFixed(5)} points at ${explorer.label(chain.drawn)}, whose probability is ${percent(chain.probabilities[chain.drawn])}.`);
}

function facts(id) {
  const { chain, step } = explorer;
  return [bdi(explorer.label(id)), ` id ${id}, rank ${count(step.modelRank(id))} by the model`,
    make("div", "hint", `log-probability by the model ${signed(Math.log(step.model[id]), 4)} (${percent(step.model[id])}); with these settings ${percent(chain.probabilities[id])}`)];
}

export function writeDraw() {
  const { chain, step, live } = explorer;
  describeStrip();
  element("drawn-facts").replaceChildren(...facts(chain.drawn));
  element("chosen-box").hidden = live;
  if (live) return;
  element("chosen-facts").replaceChildren(...facts(step.chosen),
    make("div", "hint", chain.drawn === step.chosen ? "the same token" : "another token than with these settings"));
}
