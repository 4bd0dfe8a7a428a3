// The numbers of the softmax and of the chain, in words and tables.

import { element, make, row } from "./dom.js";
import { explorer } from "./explorer.js";
import { count, entropy, percent, signed } from "./format.js";

/** Rows of the softmax's table. */
const SOFTMAX_ROWS = 8;

/** A power in a fixed number of digits. */
const power = (x) => (x >= 1e-4 ? x.toFixed(5) : x.toExponential(2).replace("-", "−"));

export function writeSoftmax() {
  const { step } = explorer;
  const ids = Array.from(step.order)
    .slice(0, 4 * SOFTMAX_ROWS)
    .sort((a, b) => step.modelLogits[b] - step.modelLogits[a] || a - b)
    .slice(0, SOFTMAX_ROWS);
  element("softmax-rows").replaceChildren(...ids.map((id) => {
    const z = step.modelLogits[id];
    const meter = make("i", "meter");
    meter.style.setProperty("--p", step.model[id]);
    return row([explorer.label(id), signed(z, 4), signed(z - step.max, 4), power(Math.exp(z - step.max)), percent(step.model[id]), meter], 0);
  }));
}

export function writeKept() {
  const { chain, step } = explorer;
  const size = step.order.length;
  const trail = [count(size), ...chain.counts.map(([name, left]) => `${name} ${count(left)}`)];
  element("kept").replaceChildren(make("b", "", count(chain.count)), ` of ${count(size)} tokens`);
  if (chain.counts.length > 1) element("kept").append(make("div", "hint", trail.join(" → ")));
  element("mass").replaceChildren(make("b", "", percent(chain.mass)));
  element("entropy").replaceChildren(
    make("b", "", entropy(chain.probabilities, chain.kept).toFixed(2) + " bits"),
    make("div", "hint", `by the model: ${step.modelEntropy.toFixed(2)} bits`));
}

export function writeTable(ids) {
  const { chain, step, live } = explorer;
  element("caption").textContent = `Step ${explorer.index + 1}: the likeliest candidates and the marked tokens`;
  if (!element("numbers").open) return;
  element("rows").replaceChildren(...ids.filter((id) => id !== null).map((id) => {
    const remarks = [explorer.state(id)];
    if (!live && id === step.chosen) remarks.push("◆ chosen in the run");
    if (id === chain.drawn) remarks.push("▲ drawn");
    return row([step.ranks[id], explorer.label(id), id, signed(step.logits[id], 4), percent(step.model[id]),
      percent(chain.probabilities[id]), remarks.join("; ")], 1);
  }));
}
