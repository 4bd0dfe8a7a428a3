// Walks through the page: each part opens a stage and sets what it talks about.

import { FILTERS_OFF } from "./chain.js";
import { element, make } from "./dom.js";
import { explorer } from "./explorer.js";
import { percent, signed } from "./format.js";
import { begin } from "./live.js";
import { showSettings } from "./settings.js";
import { openTab } from "./tabs.js";
import { openStage } from "./way.js";

const OFF = { temperature: 1, ...FILTERS_OFF };

const top = (i) => explorer.step.order[i];
const p = (id) => percent(explorer.chain.probabilities[id]);
const name = (id) => `“${explorer.label(id)}”`;

/** A part of a lesson: its text, the settings, and what it shows. */
const lessons = [
  {
    title: "What is a logit",
    parts: [
      { stage: "tokens", settings: OFF, text: () => `The model has read ${explorer.step.ids.length} tokens. Its vocabulary has ${explorer.model.labels.length.toLocaleString("en")}, and each of them could come next.` },
      { stage: "softmax", settings: OFF, text: () => `For each it computes a score, the logit: ${signed(explorer.step.modelLogits[top(0)], 3)} for ${name(top(0))}, ${signed(explorer.step.modelLogits[top(1)], 3)} for ${name(top(1))}. A logit alone says nothing; only differences count.` },
      { stage: "softmax", settings: OFF, text: () => `Softmax makes them probabilities: a difference of ${(explorer.step.modelLogits[top(0)] - explorer.step.modelLogits[top(1)]).toFixed(3)} is a factor of e to that power, ${Math.exp(explorer.step.modelLogits[top(0)] - explorer.step.modelLogits[top(1)]).toFixed(2)}. So ${name(top(0))} has ${p(top(0))} and ${name(top(1))} ${p(top(1))}.` },
      { stage: "lens", settings: OFF, text: () => "The logits come from the vector after the last block. The same head applied after each earlier block shows how the answer forms." },
    ],
  },
  {
    title: "Temperature",
    parts: [
      { stage: "chain", settings: OFF, text: () => `At temperature 1 the bars are the model’s own probabilities: ${name(top(0))} has ${p(top(0))}.` },
      { stage: "chain", settings: { ...OFF, temperature: 0.3 }, text: () => `At 0.3 the logits are divided by 0.3, so differences grow: ${name(top(0))} has ${p(top(0))} now. The text becomes safe and repetitive.` },
      { stage: "chain", settings: { ...OFF, temperature: 2.5 }, text: () => `At 2.5 differences shrink: ${name(top(0))} has only ${p(top(0))}, and unlikely tokens get their chance.` },
      { stage: "draw", settings: { ...OFF, temperature: 2.5 }, text: () => "The random number is the same in all three; the strip below it moved. Move the slider and watch where the number points." },
    ],
  },
  {
    title: "Top-k and top-p",
    parts: [
      { stage: "chain", settings: OFF, text: () => `Without filters all ${explorer.chain.count.toLocaleString("en")} tokens can be drawn, also absurd ones.` },
      { stage: "chain", settings: { ...OFF, top_k: 5 }, text: () => `Top-k 5 keeps the five likeliest. They had ${percent(explorer.chain.mass)} together and are scaled up to 100 %.` },
      { stage: "chain", settings: { ...OFF, top_p: 0.9 }, text: () => `Top-p 0.9 keeps as many as are needed to reach 90 %: ${explorer.chain.count} here. Where the model is sure it keeps few, where it is not, many.` },
      { stage: "draw", settings: { ...OFF, top_p: 0.9 }, text: () => `The draw is among these only: ${name(explorer.chain.drawn)} this time.` },
    ],
  },
  {
    title: "Beam search",
    parts: [
      { stage: "chain", settings: { ...OFF, temperature: 0 }, text: () => `Temperature 0 takes the likeliest token each time: ${name(top(0))}. The likeliest first token need not begin the likeliest text.` },
      { tab: "beams", text: () => "Beam search keeps several beginnings. Press Search: each column is a step, each beam is extended by its likeliest tokens, and the best sums of log-probabilities stay." },
      { tab: "beams", text: () => "Below the tree are the best completions. The score is the sum divided by the length, so that longer texts are not punished." },
    ],
  },
  {
    title: "Why loss",
    parts: [
      { stage: "softmax", settings: OFF, text: () => `If the text went on with ${name(top(0))}, the model’s loss would be −ln ${explorer.step.model[top(0)].toFixed(4)} = ${(-Math.log(explorer.step.model[top(0)])).toFixed(4)}; with ${name(top(1))}, ${(-Math.log(explorer.step.model[top(1)])).toFixed(4)}.` },
      { tab: "loss", text: () => "Press Measure: each token of the text is coloured by its loss. Point at one to see what the model expected instead." },
      { tab: "loss", text: () => "Training lowers the mean of these numbers. Its exponential is the perplexity." },
    ],
  },
];

let lesson = null;
let place = 0;

async function show() {
  const part = lesson.parts[place];
  if (explorer.step === null) await begin();
  if (explorer.step === null) return;
  openTab(part.tab ?? "walk");
  if (part.settings) {
    Object.assign(explorer.settings, part.settings);
    explorer.go(explorer.index);
    showSettings();
  }
  element("lesson").hidden = false;
  document.body.classList.add("teaching");
  element("lesson-title").textContent = lesson.title;
  element("lesson-text").textContent = part.text();
  element("lesson-place").textContent = `${place + 1} of ${lesson.parts.length}`;
  element("lesson-back").setAttribute("aria-disabled", String(place === 0));
  element("lesson-on").textContent = place === lesson.parts.length - 1 ? "Done" : "Continue";
  if (part.stage) openStage(part.stage);
}

function end() {
  lesson = null;
  element("lesson").hidden = true;
  document.body.classList.remove("teaching");
  element("lessons").value = "";
}

export function startLessons() {
  for (const { title } of lessons) {
    const option = make("option", "", title);
    option.value = title;
    element("lessons").append(option);
  }
  element("lessons").addEventListener("change", (event) => {
    lesson = lessons.find(({ title }) => title === event.target.value) ?? null;
    place = 0;
    if (lesson) show();
    else end();
  });
  element("lesson-on").addEventListener("click", () => {
    place++;
    if (place === lesson.parts.length) end();
    else show();
  });
  element("lesson-back").addEventListener("click", () => {
    if (place === 0) return;
    place--;
    show();
  });
  element("lesson-end").addEventListener("click", end);
}
