// The page's output. It is computed again whenever the step or a setting changes.

const data = JSON.parse(document.getElementById("data").textContent);
const size = data.labels.length;

/** Maximum number of cut lines; typical-p makes two. */
const MAX_CUT_LINES = 4;

/** Tokens of the strip with a lower probability are merged. */
const MIN_STRIP_WIDTH = 0.004;

const element = (id) => document.getElementById(id);

/** The settings of a step in the run. */
const runSettings = (index) => ({ ...data.settings, temperature: data.steps[index]?.temperature ?? 1 });

/** The page's state: current step (index, step), settings, number of candidates shown, result (chain). */
const page = { index: 0, settings: runSettings(0), shown: 20, step: null, chain: null };

/** One step of the run, and what does not depend on the settings. */
class Step {
  constructor(stored) {
    this.context = stored.context;
    this.chosen = stored.chosen;
    this.random = stored.random;
    /** The logits after penalties and biases, before the temperature. */
    this.logits = new Float32Array(decodeBase64(stored.logits));
    const modelLogits = this.logits.slice();
    const values = new Float32Array(decodeBase64(stored.modelLogits));
    new Int32Array(decodeBase64(stored.changedIds)).forEach((id, i) => (modelLogits[id] = values[i]));
    /** The model's probabilities: the softmax of its logits, before penalties and biases. */
    this.model = softmax(modelLogits);
    this.modelEntropy = entropy(this.model);
    /** Rank of the chosen token by the model's logits, from 1; of equal logits the lower id ranks first. */
    const logit = modelLogits[this.chosen];
    this.chosenRank = modelLogits.reduce((rank, x, id) => rank + (x > logit || (x === logit && id < this.chosen) ? 1 : 0), 1);
    /** Ids by logit, the likeliest first. */
    this.order = sortDescending(this.logits);
    this.rank = new Int32Array(size);
    this.order.forEach((id, i) => (this.rank[id] = i + 1));
  }
}

/** Decodes Base64 to an ArrayBuffer. Typed arrays are little-endian in all browsers. */
function decodeBase64(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes.buffer;
}

/** Ids by descending value; of equal values the lower id comes first. */
function sortDescending(values) {
  const bits = new Int32Array(values.map((value) => value + 0).buffer); // -0 becomes 0
  const keys = new Float64Array(bits).map((b, id) => (b < 0 ? -(b & 0x7fffffff) : b) * -MAX_VOCAB_SIZE + id);
  return new Int32Array(keys.sort().map((key) => ((key % MAX_VOCAB_SIZE) + MAX_VOCAB_SIZE) % MAX_VOCAB_SIZE));
}

/** A probability in percent, with two or three significant digits. */
function percent(p) {
  const value = 100 * p;
  if (value === 0) return "0 %";
  if (value >= 99.95 && value < 100) return "> 99.9 %";
  if (value >= 10) return value.toFixed(1) + " %";
  if (value >= 0.001) return value.toPrecision(value >= 1 ? 3 : 2) + " %";
  return value.toExponential(1) + " %";
}

/** The label above a bar: percent without the sign. */
function brief(p) {
  if (p > 0 && p < 1e-4) return "<0.01";
  return percent(p).replace(" %", "");
}

const count = (n) => n.toLocaleString("en");

/** A number that may be negative. */
const signed = (x, places) => (x === -Infinity ? "−∞" : x.toFixed(places).replace("-", "−"));

/** The entropy of probabilities, in bits. */
function entropy(probabilities) {
  return probabilities.reduce((sum, p) => (p > 0 ? sum - p * Math.log2(p) : sum), 0);
}

/** Whether an id is kept, banned or cut, and what cut it. */
function state(id) {
  if (page.chain.removedBy[id] === 0) return "kept";
  if (page.step.logits[id] === -Infinity) return "banned";
  return "cut by " + REMOVED_BY[page.chain.removedBy[id]];
}

/** Creates an element with a class and a text. */
function make(tag, className = "", text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

/** A token's label; bdi isolates right-to-left text. */
function token(id) {
  return make("bdi", "", data.labels[id]);
}

/** The candidates to show: the likeliest, then null for a gap and the marked tokens beyond it. */
function candidates() {
  const first = Array.from(page.step.order.subarray(0, page.shown));
  const beyond = [...new Set([page.step.chosen, page.chain.drawn])]
    .filter((id) => page.step.rank[id] > page.shown)
    .sort((a, b) => page.step.rank[a] - page.step.rank[b]);
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

/** Creates or removes children until there are n. Children are reused, so that changes are animated. */
function resize(parent, n, create) {
  while (parent.children.length > n) parent.lastElementChild.remove();
  while (parent.children.length < n) parent.append(create());
  return Array.from(parent.children);
}

function newCandidate() {
  const candidate = make("div");
  const track = make("div", "track");
  const rail = make("div", "rail");
  rail.append(make("i", "bar"), make("i", "ghost"));
  track.append(rail, make("span", "value"));
  candidate.append(make("div", "marks"), track, make("div", "name"));
  return candidate;
}

function mark(className, sign, text) {
  const made = make("div", "mark " + className, sign);
  made.append(make("span", "", " " + text));
  return made;
}

/** Fills in one column. Its data attributes hold the exact numbers. */
function fill(column, id) {
  const { chain, step } = page;
  const [marks, track, name] = column.children;
  if (id === null) {
    column.className = "candidate gap";
    column.removeAttribute("data-id");
    marks.replaceChildren();
    track.style.visibility = "hidden";
    name.textContent = "⋯";
    return;
  }
  const probability = chain.probabilities[id];
  const end = Number(element("plot").style.getPropertyValue("--scale"));
  const isChosen = id === step.chosen;
  const isNow = id === chain.drawn;
  column.className = "candidate";
  column.classList.toggle("out", chain.removedBy[id] !== 0);
  column.classList.toggle("now", isNow);
  column.classList.toggle("chosen", isChosen);
  column.title = `${data.labels[id]} (id ${id}): ${percent(probability)}, by the model ${percent(step.model[id])}; ${state(id)}`;
  Object.assign(column.dataset, { id, probability, model: step.model[id], state: state(id) });
  track.style.visibility = "";
  column.style.setProperty("--m", step.model[id]);
  column.style.setProperty("--p", probability);
  const ghost = track.querySelector(".ghost");
  ghost.style.setProperty("--p", step.model[id]);
  ghost.classList.toggle("tiny", step.model[id] < 0.006 * end);
  track.querySelector(".value").textContent = probability === 0 ? "" : brief(probability);
  name.textContent = data.labels[id];
  marks.replaceChildren(
    ...(isChosen ? [mark("chosen", "◆", "chosen")] : []),
    ...(isNow ? [mark("now", "▲", "now")] : []));
}

function drawBars(ids) {
  const { chain, step } = page;
  const real = ids.filter((id) => id !== null);
  const max = Math.max(...real.map((id) => Math.max(chain.probabilities[id], step.model[id])));
  const [end, intervals] = scale(max);
  const bars = element("bars");
  const plot = element("plot");
  plot.style.setProperty("--scale", end);
  plot.style.setProperty("--n", ids.length);
  const width = bars.clientWidth / ids.length;
  const longest = Math.max(...real.map((id) => Array.from(data.labels[id]).length));
  plot.classList.toggle("slanted", longest * 9 + 4 > width);
  plot.classList.toggle("crowded", width < 38);
  const ticks = resize(element("grid"), intervals + 1, () => {
    const tick = make("div", "tick");
    tick.append(make("span"));
    return tick;
  });
  ticks.forEach((tick, i) => {
    tick.style.setProperty("--at", i / intervals);
    tick.firstChild.textContent = Number(((100 * end * i) / intervals).toPrecision(3)) + " %";
  });
  const lines = cutLines(ids);
  const old = Array.from(bars.querySelectorAll(".cut"));
  old.forEach((line) => line.remove());
  resize(bars, ids.length, newCandidate).forEach((column, i) => fill(column, ids[i]));
  lines.forEach(([at, by], i) => {
    const line = old[i] ?? make("div", "cut");
    line.replaceChildren(make("span", "", by));
    line.classList.toggle("left", at > ids.length * 0.75);
    bars.append(line);
    line.getBoundingClientRect(); // forces a layout, so that the line moves from its old position
    line.style.setProperty("--at", at);
  });
  plot.setAttribute("aria-label", "Bar chart of the probabilities of " + real.length
    + " candidates, the same as in the table below. Likeliest: "
    + real.slice(0, 3).map((id) => data.labels[id] + " " + percent(chain.probabilities[id])).join(", "));
}

/** Lines between kept and cut candidates, with what cut them; one at the end if the cut is beyond it. */
function cutLines(ids) {
  const lines = [];
  let last = null;
  ids.forEach((id, i) => {
    if (id === null) return;
    const removedBy = page.chain.removedBy[id];
    if (last !== null && (removedBy === 0) !== (page.chain.removedBy[ids[last]] === 0)) {
      const cut = removedBy === 0 ? ids[last] : id;
      lines.push([(last + 1 + i) / 2, state(cut)]);
    }
    last = i;
  });
  if (lines.length === 0 && page.chain.count < size) {
    const first = page.step.order.findIndex((id) => page.chain.removedBy[id] !== 0);
    lines.push([ids.length, `${state(page.step.order[first])} from rank ${count(first + 1)} on →`]);
  }
  return lines.slice(0, MAX_CUT_LINES);
}

function writeFacts() {
  const { chain, step } = page;
  const chosen = step.chosen;
  const trail = [count(size), ...chain.counts.map(([name, left]) => `${name} ${count(left)}`)];
  element("kept").replaceChildren(make("b", "", count(chain.count)), ` of ${count(size)} tokens`);
  if (chain.counts.length > 1) element("kept").append(make("div", "hint", trail.join(" → ")));
  element("mass").replaceChildren(make("b", "", percent(chain.mass)));
  element("entropy").replaceChildren(
    make("b", "", entropy(chain.probabilities).toFixed(2) + " bits"),
    make("div", "hint", `by the model: ${step.modelEntropy.toFixed(2)} bits`));
  element("chosen-facts").replaceChildren(token(chosen), ` id ${chosen}, rank ${count(step.chosenRank)} by the model`,
    make("div", "hint", `log-probability by the model ${signed(Math.log(step.model[chosen]), 3)} (${percent(step.model[chosen])}); with these settings ${percent(chain.probabilities[chosen])}`));
  element("drawn-facts").replaceChildren(token(chain.drawn), ` id ${chain.drawn}`,
    make("div", "hint", chain.drawn === chosen ? "the same token" : "another token than in the run"));
}

/** The kept tokens as a strip in the order of their ids, with a pointer at the random number. */
function drawStrip() {
  const { chain, step } = page;
  const greedy = page.settings.temperature === 0;
  const at = step.random / UNITS;
  element("strip").hidden = greedy;
  element("draw-text").textContent = greedy
    ? "At temperature 0 the likeliest token is chosen without a random number."
    : `The kept tokens in the order of their ids; widths are probabilities. The random number ${at.toFixed(5)} points at the token that is drawn.`;
  if (greedy) return;
  const parts = make("div", "parts");
  const characters = element("strip").clientWidth / 9;
  let merged = 0;
  const appendMerged = () => {
    if (merged > 0) parts.append(piece(merged, ""));
    merged = 0;
  };
  chain.probabilities.forEach((p, id) => {
    if (p === 0) return;
    if (p < MIN_STRIP_WIDTH && id !== chain.drawn) {
      merged += p;
      if (merged >= MIN_STRIP_WIDTH) appendMerged();
      return;
    }
    appendMerged();
    const part = piece(p, p * characters > data.labels[id].length ? data.labels[id] : "");
    part.title = `${data.labels[id]} ${percent(p)}`;
    part.classList.toggle("hit", id === chain.drawn);
    parts.append(part);
  });
  appendMerged();
  const pointer = make("div", "pointer");
  pointer.classList.toggle("right", at > 0.8);
  pointer.style.setProperty("--at", at);
  pointer.append(make("span", "", "▼ " + at.toFixed(5)));
  element("strip").replaceChildren(parts, pointer);
  element("strip").setAttribute("aria-label",
    `The random number ${at.toFixed(5)} points at ${data.labels[chain.drawn]}, whose probability is ${percent(chain.probabilities[chain.drawn])}.`);
}

function piece(width, text) {
  const made = make("i", "", text);
  made.style.setProperty("--w", width);
  return made;
}

function writeTable(ids) {
  const { chain, step } = page;
  element("caption").textContent = `Step ${page.index + 1}: the likeliest candidates and the marked tokens`;
  element("rows").replaceChildren(...ids.filter((id) => id !== null).map((id) => {
    const row = make("tr");
    const remarks = [state(id)];
    if (id === step.chosen) remarks.push("◆ chosen in the run");
    if (id === chain.drawn) remarks.push("▲ drawn now");
    [step.rank[id], data.labels[id], id, signed(step.logits[id], 4), percent(step.model[id]),
      percent(chain.probabilities[id]), remarks.join("; ")]
      .forEach((text, i) => row.append(make(i === 1 ? "th" : "td", "", text)));
    row.children[1].scope = "row";
    return row;
  }));
}

let announcement;

/** Announces the result to screen readers once the settings have not changed for half a second. */
function announceSoon() {
  clearTimeout(announcement);
  announcement = setTimeout(() => {
    const { chain, step } = page;
    element("status").textContent = `Step ${page.index + 1} of ${data.steps.length}. Chosen in the run: ${data.labels[step.chosen]}, `
      + `${percent(chain.probabilities[step.chosen])} with these settings. Kept ${count(chain.count)} of ${count(size)} tokens, `
      + `whose total probability is ${percent(chain.mass)}. Drawn now: ${data.labels[chain.drawn]}.`;
  }, 500);
}

function update() {
  const { step } = page;
  page.chain = new Chain(data.coefficients, step.logits, page.settings, step.random);
  const ids = candidates();
  drawBars(ids);
  writeFacts();
  drawStrip();
  writeTable(ids);
  announceSoon();
}

let updatePending = false;

/** Updates once with the next animation frame, however many events come before it. */
function updateSoon() {
  if (updatePending) return;
  updatePending = true;
  requestAnimationFrame(() => {
    updatePending = false;
    element("plot").classList.remove("still");
    update();
  });
}

/**
 * Shows a step; the index is clamped. Bars are not animated, since they are other tokens. Unless the
 * user has changed the temperature, it becomes the new step's.
 */
function go(index) {
  const unchanged = page.settings.temperature === data.steps[page.index].temperature;
  page.index = Math.max(0, Math.min(index, data.steps.length - 1));
  if (unchanged) {
    page.settings.temperature = data.steps[page.index].temperature;
    showSettings();
  }
  page.step = new Step(data.steps[page.index]);
  element("step").textContent = `Step ${page.index + 1} of ${data.steps.length}`;
  element("context").textContent = page.step.context;
  element("chosen").textContent = data.labels[page.step.chosen];
  // The attribute disabled would remove the focus.
  element("previous").setAttribute("aria-disabled", String(page.index === 0));
  element("next").setAttribute("aria-disabled", String(page.index === data.steps.length - 1));
  element("plot").classList.add("still");
  update();
}
