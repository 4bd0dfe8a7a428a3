// Several completions of the text, side by side. They are drawn together, each with its own random
// numbers of the same seed.

import { button, element, make, number } from "./dom.js";
import { explorer } from "./explorer.js";
import { counted } from "./format.js";
import { seed, showFailure } from "./live.js";
import { stream } from "./server.js";

let running = null;

function field(index) {
  const text = make("div", "tokens");
  const count = make("span", "hint");
  return { text, count, tokens: 0, box: make("section", "sample", make("h2", "", `Sample ${index} `, count), text) };
}

function add(fields, choice) {
  const field = fields[choice.index];
  for (const id of choice.ids ?? []) {
    const token = make("span", "token new", explorer.label(id));
    token.title = `id ${id}`;
    field.text.append(token);
    field.tokens++;
  }
  field.count.textContent = counted(field.tokens, "token") + (choice.finish_reason === "stop" ? ", ended" : "");
}

async function draw() {
  running?.abort();
  running = new AbortController();
  const n = element("sample-count").valueAsNumber;
  const fields = Array.from({ length: n }, (_, i) => field(i));
  element("sample-list").replaceChildren(...fields.map(({ box }) => box));
  showFailure(null);
  const body = { prompt: element("prompt").value, n, max_tokens: element("sample-tokens").valueAsNumber, ...explorer.settings, seed: seed(), stream: true };
  element("samples-stop").disabled = false;
  try {
    await stream("v1/completions", body, running.signal, ({ choices }) => choices.forEach((choice) => add(fields, choice)));
  } catch (error) {
    showFailure(error);
  }
  element("samples-stop").disabled = true;
}

export function startSamples() {
  const stop = button("", "Stop", () => running?.abort());
  stop.id = "samples-stop";
  stop.disabled = true;
  const go = button("primary", "Draw", draw);
  go.id = "samples-draw";
  const list = make("div", "sample-list");
  list.id = "sample-list";
  element("samples").append(
    make("p", "about", "The same text, settings and seed; only the sample’s index differs, and with it the random number of each step. The settings are those of the sliders."),
    make("div", "row", number("sample-count", "Samples ", 4, 16), number("sample-tokens", "Tokens ", 24, 256), go, stop),
    list);
}
