// The candidates as bars, with lines where filters cut.

import { element, make, resize, setClass, setText, style, widthOf } from "./dom.js";
import { explorer } from "./explorer.js";
import { brief, count, percent, share } from "./format.js";

/** Maximum number of cut lines; typical-p makes two. */
const MAX_CUT_LINES = 4;

/** Whether bars lie one below the other: the same condition as in walk.css. */
const narrow = matchMedia("(max-width: 44rem)");

/** The side of a bar that is its probability. */
let side = "height";

/** The candidates to show: the likeliest, then null for a gap and the marked tokens beyond it. */
export function candidates() {
  const { step, chain, shown } = explorer;
  const first = Array.from(step.order.subarray(0, shown));
  const marked = explorer.live ? [chain.drawn] : [step.chosen, chain.drawn];
  const beyond = [...new Set(marked)]
    .filter((id) => step.ranks[id] > shown)
    .sort((a, b) => step.ranks[a] - step.ranks[b]);
  return beyond.length > 0 ? [...first, null, ...beyond] : first;
}

/** The probability at the end of the axis, and the number of its intervals. */
function scale(max) {
  for (let end = 1; ; end /= 10) {
    if (max > 0.5 * end) return [end, 5];
    if (max > 0.25 * end) return [0.5 * end, 5];
    if (max > 0.1 * end) return [0.25 * end, 5];
  }
}

function newCandidate() {
  const rail = make("div", "rail", make("i", "bar"), make("i", "ghost"));
  const track = make("div", "track", rail, make("span", "value"));
  return make("div", "", make("div", "marks"), track, make("div", "name"));
}

function mark(className, sign, text) {
  return make("div", "mark " + className, sign, make("span", "", " " + text));
}

/** Fills in one column. Its data attributes hold the exact numbers. */
function fill(column, id, end) {
  const { chain, step } = explorer;
  const [marks, track, name] = column.children;
  const [rail, value] = track.children;
  const [bar, ghost] = rail.children;
  if (id === null) {
    column.className = "candidate gap";
    column.removeAttribute("data-id");
    marks.replaceChildren();
    delete marks.dataset.signs;
    track.style.visibility = "hidden";
    name.textContent = "⋯";
    return;
  }
  const probability = chain.probabilities[id];
  const model = step.model[id];
  const isChosen = !explorer.live && id === step.chosen;
  const isNow = id === chain.drawn;
  const state = explorer.state(id);
  const label = explorer.label(id);
  const classes = ["candidate", chain.removedBy[id] !== 0 && "out", isNow && "now", isChosen && "chosen"].filter(Boolean).join(" ");
  setClass(column, classes);
  Object.assign(column.dataset, { id, probability, model, state });
  if (track.style.visibility) track.style.visibility = "";
  bar.style[side] = share(probability / end);
  ghost.style[side] = share(model / end);
  ghost.classList.toggle("tiny", model < 0.006 * end);
  value.style.height = `calc(${share(Math.max(probability, model) / end)} + 1.2rem)`;
  setText(value, probability === 0 ? "" : brief(probability));
  setText(name, label);
  const signs = `${isChosen} ${isNow}`;
  if (marks.dataset.signs === signs) return;
  marks.dataset.signs = signs;
  marks.replaceChildren(
    ...(isChosen ? [mark("chosen", "◆", "chosen")] : []),
    ...(isNow ? [mark("now", "▲", explorer.live ? "drawn" : "now")] : []));
}

/** Lines between kept and cut candidates, with what cut them; one at the end if the cut is beyond it. */
function cutLines(ids) {
  const { chain, step } = explorer;
  const lines = [];
  let last = null;
  ids.forEach((id, i) => {
    if (id === null) return;
    const removedBy = chain.removedBy[id];
    if (last !== null && (removedBy === 0) !== (chain.removedBy[ids[last]] === 0)) {
      const cut = removedBy === 0 ? ids[last] : id;
      lines.push([(last + 1 + i) / 2, explorer.state(cut)]);
    }
    last = i;
  });
  if (lines.length === 0 && chain.count < step.order.length) {
    const first = step.order.findIndex((id) => chain.removedBy[id] !== 0);
    lines.push([ids.length, `${explorer.state(step.order[first])} from rank ${count(first + 1)} on →`]);
  }
  return lines.slice(0, MAX_CUT_LINES);
}

function drawGrid(end, intervals) {
  const ticks = resize(element("grid"), intervals + 1, () => make("div", "tick", make("span")));
  ticks.forEach((tick, i) => {
    style(tick, { "--at": i / intervals });
    setText(tick.firstChild, Number(((100 * end * i) / intervals).toPrecision(3)) + " %");
  });
}

export function drawBars(ids) {
  const { chain, step } = explorer;
  const plot = element("plot");
  const bars = element("bars");
  const real = ids.filter((id) => id !== null);
  let max = 0;
  for (const id of real) max = Math.max(max, chain.probabilities[id], step.model[id]);
  const [end, intervals] = scale(max);
  style(plot, { "--n": ids.length });
  const columnWidth = widthOf(bars) / ids.length;
  const longest = Math.max(...real.map((id) => explorer.label(id).length));
  plot.classList.toggle("slanted", longest * 9 > columnWidth);
  plot.classList.toggle("crowded", columnWidth < 36);
  drawGrid(end, intervals);
  if ((side === "width") !== narrow.matches) {
    side = narrow.matches ? "width" : "height";
    bars.replaceChildren();
  }
  resize(bars, ids.length, newCandidate).forEach((column, i) => fill(column, ids[i], end));
  const lines = cutLines(ids);
  resize(element("cuts"), lines.length, () => make("div", "cut", make("span"))).forEach((line, i) => {
    const [at, by] = lines[i];
    setText(line.firstChild, by);
    line.classList.toggle("left", at > ids.length * 0.75);
    style(line, { "--at": at });
  });
}

/** Describes the bars to screen readers and on hover. */
export function describeBars(ids) {
  const real = ids.filter((id) => id !== null);
  const { probabilities } = explorer.chain;
  for (const column of element("bars").children) {
    const { id, probability, model, state } = column.dataset;
    column.title = id === undefined ? "" : `${explorer.label(id)} (id ${id}): ${percent(probability)}, by the model ${percent(model)}; ${state}`;
  }
  element("plot").setAttribute("aria-label", "Bar chart of the probabilities of " + real.length
    + " candidates, the same as in the table of the numbers. Likeliest: "
    + real.slice(0, 3).map((id) => explorer.label(id) + " " + percent(probabilities[id])).join(", "));
}
