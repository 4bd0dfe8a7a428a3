// What the page shows. Everything is worked out anew when the step or a setting changes.

const data = JSON.parse(document.getElementById("data").textContent);
const size = data.labels.length;

/** So many cut lines at most; typical-p makes two. */
const CUT_LINES = 4;

/** Parts of the strip narrower than this are drawn as one. */
const NARROW = 0.004;

const element = (id) => document.getElementById(id);

/** The settings that a step of the run was drawn with. */
const runSettings = (index) => ({ ...data.settings, temperature: data.steps[index]?.temperature ?? 1 });

/** What is on the page; scripts may read it: index, settings, step (see Step), chain (see Chain). */
const page = { index: 0, settings: runSettings(0), shown: 20, step: null, chain: null };

/** One step of the run, with what does not depend on the settings. */
class Step {
  constructor(stored) {
    this.context = stored.context;
    this.chosen = stored.chosen;
    this.random = stored.random;
    /** The logits as the temperature takes them. */
    this.logits = new Float32Array(words(stored.logits));
    const own = this.logits.slice();
    const values = new Float32Array(words(stored.ownLogits));
    new Int32Array(words(stored.ownIds)).forEach((id, i) => (own[id] = values[i]));
    /** The model's own logits, and the softmax of those. */
    this.own = own;
    this.model = softmax(own);
    this.modelEntropy = entropy(this.model);
    /** How many ids the model itself finds likelier than the chosen one, or as likely and lower; plus 1. */
    const logit = own[this.chosen];
    this.chosenRank = own.reduce((rank, x, id) => rank + (x > logit || (x === logit && id < this.chosen) ? 1 : 0), 1);
    /** Ids from the likeliest on. */
    this.order = byValue(this.logits);
    this.rank = new Int32Array(size);
    this.order.forEach((id, i) => (this.rank[id] = i + 1));
  }
}

/** The bytes of Base64, little-endian as every browser's typed arrays are. */
function words(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes.buffer;
}

/** Ids by falling value, of equals the lower id first. */
function byValue(values) {
  const bits = new Int32Array(values.map((value) => value + 0).buffer); // -0 becomes 0
  const keys = new Float64Array(bits).map((b, id) => (b < 0 ? -(b & 0x7fffffff) : b) * -MOST_IDS + id);
  return new Int32Array(keys.sort().map((key) => ((key % MOST_IDS) + MOST_IDS) % MOST_IDS));
}

/** A probability as text, to three figures or so. */
function percent(p) {
  const value = 100 * p;
  if (value === 0) return "0 %";
  if (value >= 99.95 && value < 100) return "> 99.9 %";
  if (value >= 10) return value.toFixed(1) + " %";
  if (value >= 0.001) return value.toPrecision(value >= 1 ? 3 : 2) + " %";
  return value.toExponential(1) + " %";
}

/** The same above a bar, without its sign. */
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

/** Why an id is out, or that it is kept. */
function fate(id) {
  if (page.chain.outBy[id] === 0) return "kept";
  if (page.step.logits[id] === -Infinity) return "banned";
  return "cut by " + LEFT_OUT_BY[page.chain.outBy[id]];
}

/** An element of a tag with a class and a text. */
function make(tag, className = "", text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

/** A token's label as text that keeps its direction to itself. */
function token(id) {
  return make("bdi", "", data.labels[id]);
}

/** The candidates that are drawn: the likeliest, and after a gap (null) those that are marked. */
function candidates() {
  const first = Array.from(page.step.order.subarray(0, page.shown));
  const beyond = [...new Set([page.step.chosen, page.chain.drawn])]
    .filter((id) => page.step.rank[id] > page.shown)
    .sort((a, b) => page.step.rank[a] - page.step.rank[b]);
  return beyond.length > 0 ? [...first, null, ...beyond] : first;
}

/** The probability at the end of the axis, and the number of parts that it is divided into. */
function scale(most) {
  for (let end = 1; ; end /= 10) {
    if (most > 0.5 * end) return [end, 5];
    if (most > 0.25 * end) return [0.5 * end, 5];
    if (most > 0.1 * end) return [0.25 * end, 5];
  }
}

/** Makes as many children as are wanted; those that stay can move to their new places. */
function resize(parent, wanted, create) {
  while (parent.children.length > wanted) parent.lastElementChild.remove();
  while (parent.children.length < wanted) parent.append(create());
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

/** Fills one column. Its data-attributes hold the numbers exactly. */
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
  column.classList.toggle("out", chain.outBy[id] !== 0);
  column.classList.toggle("now", isNow);
  column.classList.toggle("chosen", isChosen);
  column.title = `${data.labels[id]} (id ${id}): ${percent(probability)}, the model’s own ${percent(step.model[id])}; ${fate(id)}`;
  Object.assign(column.dataset, { id, probability, model: step.model[id], state: fate(id) });
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
  const most = Math.max(...real.map((id) => Math.max(chain.probabilities[id], step.model[id])));
  const [end, parts] = scale(most);
  const bars = element("bars");
  const plot = element("plot");
  plot.style.setProperty("--scale", end);
  plot.style.setProperty("--n", ids.length);
  const width = bars.clientWidth / ids.length;
  const longest = Math.max(...real.map((id) => Array.from(data.labels[id]).length));
  plot.classList.toggle("slanted", longest * 9 + 4 > width);
  plot.classList.toggle("crowded", width < 38);
  const ticks = resize(element("grid"), parts + 1, () => {
    const tick = make("div", "tick");
    tick.append(make("span"));
    return tick;
  });
  ticks.forEach((tick, i) => {
    tick.style.setProperty("--at", i / parts);
    tick.firstChild.textContent = Number(((100 * end * i) / parts).toPrecision(3)) + " %";
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
    line.getBoundingClientRect(); // so that it moves from where it was
    line.style.setProperty("--at", at);
  });
  plot.setAttribute("aria-label", "Bar graph of the probabilities of " + real.length
    + " candidates, the same as in the table below. Likeliest: "
    + real.slice(0, 3).map((id) => data.labels[id] + " " + percent(chain.probabilities[id])).join(", "));
}

/** Where kept candidates and cut ones meet, and what cut them; or, at the end, where that will be. */
function cutLines(ids) {
  const lines = [];
  let last = null;
  ids.forEach((id, i) => {
    if (id === null) return;
    const out = page.chain.outBy[id];
    if (last !== null && (out === 0) !== (page.chain.outBy[ids[last]] === 0)) {
      const cut = out === 0 ? ids[last] : id;
      lines.push([(last + 1 + i) / 2, fate(cut)]);
    }
    last = i;
  });
  if (lines.length === 0 && page.chain.count < size) {
    const first = page.step.order.findIndex((id) => page.chain.outBy[id] !== 0);
    lines.push([ids.length, `${fate(page.step.order[first])} from rank ${count(first + 1)} on →`]);
  }
  return lines.slice(0, CUT_LINES);
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
    make("div", "hint", `the model’s own: ${step.modelEntropy.toFixed(2)} bits`));
  element("chosen-facts").replaceChildren(token(chosen), ` id ${chosen}, the model’s rank ${count(step.chosenRank)}`,
    make("div", "hint", `the model’s own log-probability ${signed(Math.log(step.model[chosen]), 3)} (${percent(step.model[chosen])}); with these settings ${percent(chain.probabilities[chosen])}`));
  element("drawn-facts").replaceChildren(token(chain.drawn), ` id ${chain.drawn}`,
    make("div", "hint", chain.drawn === chosen ? "the same token" : "another token than in the run"));
}

/** The draw as a line of all that is kept, in the order of ids, with the random number on it. */
function drawStrip() {
  const { chain, step } = page;
  const greedy = page.settings.temperature === 0;
  const at = step.random / PLACES;
  element("strip").hidden = greedy;
  element("draw-text").textContent = greedy
    ? "At temperature 0 the likeliest token is taken: no random number is used."
    : `The kept tokens in the order of their ids, each as wide as its probability. The random number, ${at.toFixed(5)}, points at the one that is drawn.`;
  if (greedy) return;
  const parts = make("div", "parts");
  const characters = element("strip").clientWidth / 9;
  let narrow = 0;
  const rest = () => {
    if (narrow > 0) parts.append(piece(narrow, ""));
    narrow = 0;
  };
  chain.probabilities.forEach((p, id) => {
    if (p === 0) return;
    if (p < NARROW && id !== chain.drawn) {
      narrow += p;
      if (narrow >= NARROW) rest();
      return;
    }
    rest();
    const own = piece(p, p * characters > data.labels[id].length ? data.labels[id] : "");
    own.title = `${data.labels[id]} ${percent(p)}`;
    own.classList.toggle("hit", id === chain.drawn);
    parts.append(own);
  });
  rest();
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
  element("caption").textContent = `Step ${page.index + 1}: the likeliest candidates and those that are marked`;
  element("rows").replaceChildren(...ids.filter((id) => id !== null).map((id) => {
    const row = make("tr");
    const remarks = [fate(id)];
    if (id === step.chosen) remarks.push("◆ chosen in the run");
    if (id === chain.drawn) remarks.push("▲ drawn now");
    [step.rank[id], data.labels[id], id, signed(step.logits[id], 4), percent(step.model[id]),
      percent(chain.probabilities[id]), remarks.join("; ")]
      .forEach((text, i) => row.append(make(i === 1 ? "th" : "td", "", text)));
    row.children[1].scope = "row";
    return row;
  }));
}

let telling;

/** Tells a screen reader, once the settings rest. */
function tell() {
  clearTimeout(telling);
  telling = setTimeout(() => {
    const { chain, step } = page;
    element("status").textContent = `Step ${page.index + 1} of ${data.steps.length}. Chosen in the run: ${data.labels[step.chosen]}, `
      + `${percent(chain.probabilities[step.chosen])} with these settings. Kept ${count(chain.count)} of ${count(size)} tokens, `
      + `which have ${percent(chain.mass)}. Drawn now: ${data.labels[chain.drawn]}.`;
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
  tell();
}

let waiting = false;

/** Updates with the next picture of the screen, however many events come before. */
function updateSoon() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    element("plot").classList.remove("still");
    update();
  });
}

/**
 * Goes to a step, as far as there are any. Bars of other tokens do not move there, they are new. A
 * temperature that the user has not changed becomes the new step's.
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
  // Not disabled, which would take the focus away.
  element("previous").setAttribute("aria-disabled", String(page.index === 0));
  element("next").setAttribute("aria-disabled", String(page.index === data.steps.length - 1));
  element("plot").classList.add("still");
  update();
}
