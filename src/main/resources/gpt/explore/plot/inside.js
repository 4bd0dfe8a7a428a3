// What the model holds for the selected token: its embedding, attention, and predictions by layer.

import { arrowKeys, bdi, columns, element, make, row, scroll, style } from "./dom.js";
import { explorer } from "./explorer.js";
import { level, percent, signed } from "./format.js";
import { post } from "./server.js";
import { decodeBase64 } from "./step.js";
import { found, writeWay } from "./way.js";

/** Time without a change after which the server is asked, in milliseconds. */
const DELAY = 250;

/** Cells of the embedding that are shown. */
const MAX_CELLS = 768;

/** Tokens that the attention view shows: those with the largest weights, in the order of the text. */
const MAX_KEYS = 256;

let delay = null;
let probing = null;
const chosen = { layer: 0, head: "mean" };

/** The answers for the selected token, or null. */
let attention = null;
let lens = null;

/** The weights of a layer (heads, keys). */
function headWeights(layer) {
  const flat = new Float32Array(decodeBase64(attention.weights[layer]));
  const keys = attention.position + 1;
  return Array.from({ length: flat.length / keys }, (_, head) => flat.subarray(head * keys, (head + 1) * keys));
}

/** The weights that are chosen: of a head, or the mean or the maximum over all heads. */
function weights() {
  const heads = headWeights(chosen.layer);
  if (chosen.head === "mean") return Array.from(heads[0], (_, key) => heads.reduce((sum, head) => sum + head[key], 0) / heads.length);
  if (chosen.head === "max") return Array.from(heads[0], (_, key) => Math.max(...heads.map((head) => head[key])));
  return Array.from(heads[Number(chosen.head)]);
}

const labelAt = (position) => explorer.label(explorer.step.ids[position]);

function drawEmbedding() {
  const x = new Float32Array(decodeBase64(attention.embedding));
  const norm = Math.hypot(...x);
  const top = x.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  const shown = Array.from(x.subarray(0, MAX_CELLS));
  found.embedding = shown.slice(0, 24).map((value) => Math.abs(value) / top);
  const cells = make("div", "cells", ...shown.map((value, i) => {
    const cell = make("i", level(Math.abs(value) / top));
    cell.title = `channel ${i}: ${signed(value, 4)}`;
    return cell;
  }));
  cells.setAttribute("role", "img");
  cells.setAttribute("aria-label", `The ${x.length} channels of the vector; the largest is ${top.toFixed(4)}`);
  element("embedding").replaceChildren(cells,
    make("p", "hint", `The ${x.length} numbers of ${labelAt(attention.position)} at position ${attention.position}, coloured by their size from 0 to ${top.toFixed(3)}. Length of the vector: ${norm.toFixed(3)}. The first three: ${Array.from(x.subarray(0, 3), (value) => signed(value, 4)).join(", ")}.`));
}

function select(id, label, options, value, onChange) {
  const made = make("select");
  made.id = id;
  for (const [key, text] of options) {
    const option = make("option", "", text);
    option.value = key;
    option.selected = String(key) === String(value);
    made.append(option);
  }
  made.addEventListener("change", () => onChange(made.value));
  return make("label", "inline", label, made);
}

function headTable() {
  const table = make("div", "heads");
  table.setAttribute("role", "toolbar");
  table.setAttribute("aria-label", "Layers and heads; the colour is the largest weight on an earlier token");
  for (let layer = 0; layer < explorer.model.n_layer; layer++) {
    const line = make("div", "", make("span", "hint", String(layer)));
    headWeights(layer).forEach((head, i) => {
      const strongest = Math.max(0, ...head.subarray(0, -1));
      const cell = make("button", level(strongest));
      cell.type = "button";
      cell.dataset.move = "";
      Object.assign(cell.dataset, { layer, head: i });
      const isChosen = layer === chosen.layer && String(i) === String(chosen.head);
      cell.setAttribute("aria-pressed", String(isChosen));
      cell.tabIndex = isChosen || (layer === chosen.layer && i === 0 && Number.isNaN(Number(chosen.head))) ? 0 : -1;
      cell.setAttribute("aria-label", `Layer ${layer}, head ${i}: ${strongest.toFixed(2)}`);
      cell.title = cell.getAttribute("aria-label");
      line.append(cell);
    });
    table.append(line);
  }
  const choose = (cell) => choosing({ layer: Number(cell.dataset.layer), head: cell.dataset.head });
  table.addEventListener("click", (event) => event.target.dataset.head !== undefined && choose(event.target));
  arrowKeys(table, choose);
  return table;
}

/** Chooses a layer and a head, and keeps the focus where it was. */
function choosing(change) {
  const focused = document.activeElement?.dataset?.head !== undefined;
  Object.assign(chosen, change);
  drawAttention();
  if (focused) element("blocks").querySelector(`[data-layer="${chosen.layer}"][data-head="${chosen.head}"]`)?.focus();
}

function drawAttention() {
  const all = weights();
  const query = attention.position;
  const order = all.map((_, key) => key).sort((a, b) => all[b] - all[a] || a - b);
  const shown = new Set(order.slice(0, MAX_KEYS));
  const tokens = make("div", "tokens attended");
  all.forEach((weight, key) => {
    if (!shown.has(key)) return;
    const token = make("span", "token " + level(weight), labelAt(key));
    token.title = `position ${key}: ${weight.toFixed(4)}`;
    tokens.append(token);
  });
  const list = make("ol", "attends", ...order.slice(0, 6).map((key) =>
    make("li", "", bdi(labelAt(key)), make("span", "hint", ` ${key} `), style(make("i", "meter"), { "--p": all[key] }), " " + all[key].toFixed(4))));
  const { n_layer: layers, n_head: heads } = explorer.model;
  const controls = make("div", "row",
    select("layer", "Layer ", Array.from({ length: layers }, (_, i) => [i, String(i)]), chosen.layer, (value) => choosing({ layer: Number(value) })),
    select("head", "Head ", [["mean", "mean of all"], ["max", "largest of all"], ...Array.from({ length: heads }, (_, i) => [i, String(i)])], chosen.head, (value) => choosing({ head: value })));
  element("blocks").replaceChildren(
    make("div", "beside",
      make("div", "", make("h3", "", `What ${labelAt(query)} (position ${query}) attends to`), controls, tokens, list),
      make("div", "", make("h3", "", "All heads"), headTable(),
        make("p", "hint", "Rows are layers, columns heads; the stronger the colour, the larger the weight of an earlier token."))),
    ...(lens ? [contributions()] : []));
}

/** What attention and MLP of each block add to the vector. */
function contributions() {
  const blocks = lens.layers.slice(1);
  const top = Math.max(...blocks.flatMap((each) => [each.attention_norm, each.mlp_norm]));
  const body = make("tbody", "", ...blocks.map((each, i) => row([String(i),
    each.attention_norm.toFixed(2), style(make("i", "meter"), { "--p": each.attention_norm / top }),
    each.mlp_norm.toFixed(2), style(make("i", "meter"), { "--p": each.mlp_norm / top }), each.norm.toFixed(2)], 0)));
  const head = columns(["Block", "Attention adds", "", "MLP adds", "", "Length after"]);
  return scroll("What each block adds", make("table", "list norms",
    make("caption", "", "Lengths of the vectors that each block adds, and of the sum"), head, body));
}

const layerName = (i) => (i === 0 ? "embedding" : `block ${i - 1}`);

function drawLens() {
  const last = lens.layers.at(-1);
  const winner = last.ids[0];
  found.layers = lens.layers.slice(1).map((each) => (each.attention_norm + each.mlp_norm) / (2 * Math.max(...lens.layers.slice(1).flatMap((one) => [one.attention_norm, one.mlp_norm]))));
  const first = lens.layers.findIndex((each, i) => lens.layers.slice(i).every((later) => later.ids[0] === winner));
  found.lens = {
    brief: `${explorer.label(winner)} from ${layerName(first)} on`,
    probabilities: lens.layers.map((each) => each.final_probability),
  };
  const rows = lens.layers.map((each, i) => {
    const cells = each.ids.map((id, j) => {
      const cell = make("span", "guess " + level(each.probabilities[j]), explorer.label(id));
      cell.classList.toggle("winner", id === winner);
      cell.title = percent(each.probabilities[j]);
      return make("span", "", cell, make("span", "hint", ` ${percent(each.probabilities[j])}`));
    });
    return row([layerName(i), ...cells, percent(each.final_probability)], 0);
  });
  const head = columns(["After", ...["1st", "2nd", "3rd", "4th", "5th"].slice(0, last.ids.length), `${explorer.label(winner)} here`]);
  element("lens").replaceChildren(scroll("The likeliest tokens after each layer",
    make("table", "list lens", head, make("tbody", "", ...rows))));
}

/** Shows whether the three stages wait for the answers for another token. */
function setStale(stale) {
  for (const id of ["embedding", "blocks", "lens"]) element(id).classList.toggle("stale", stale);
}

/** Says in all three stages why there is nothing to see. */
function unavailable(why) {
  setStale(false);
  for (const id of ["embedding", "blocks", "lens"]) element(id).replaceChildren(make("p", "hint", why));
  found.embedding = null;
  found.layers = null;
  found.lens = null;
  writeWay(["embedding", "blocks", "lens"]);
}

/** Shows the answers for the selected token. */
function showLayers(answers) {
  [attention, lens] = answers;
  chosen.layer = Math.min(chosen.layer, explorer.model.n_layer - 1);
  setStale(false);
  drawEmbedding();
  drawLens();
  drawAttention();
  writeWay(["embedding", "blocks", "lens"]);
}

/** Asks the server. */
async function probe() {
  probing?.abort();
  probing = new AbortController();
  const body = { prompt_ids: explorer.step.ids.slice(0, explorer.position + 1) };
  try {
    const { signal } = probing;
    const answers = await Promise.all([post("explore/attention", body, signal), post("explore/lens", body, signal)]);
    if (!signal.aborted) showLayers(answers);
  } catch (error) {
    if (error.name !== "AbortError") unavailable(error.message);
  }
}

/** Finds the answers in a page with its own data. */
function lookUp() {
  const { layers } = explorer.model;
  const { position, step } = explorer;
  const at = layers?.lens.findIndex((each) => each.position === position) ?? -1;
  if (at >= 0 && layers.ids.slice(0, position + 1).every((id, i) => id === step.ids[i])) {
    showLayers([layers.attention[at], layers.lens[at]]);
  } else if (layers) {
    const [first, last] = [layers.lens[0].position, layers.lens.at(-1).position];
    unavailable(`This page has the layers and attention weights of positions ${first} to ${last} of the first completion.`);
  } else {
    unavailable("This page has no layers and attention weights; gpt serve shows them.");
  }
}

/** Asks soon, unless something changes before. */
export function startInside() {
  explorer.on("position", () => {
    clearTimeout(delay);
    probing?.abort();
    if (!explorer.live) {
      lookUp();
      return;
    }
    setStale(true);
    delay = setTimeout(probe, DELAY);
  });
}
