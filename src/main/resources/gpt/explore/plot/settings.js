// The sliders and number fields of the sampling chain.

import { element } from "./dom.js";
import { explorer } from "./explorer.js";

/** Values of top-k's slider: consecutive at first, then growing by 5 %, up to the vocabulary size. */
let topKs = [0];

function setVocabularySize(size) {
  topKs = [0];
  for (let k = 1; k < size; k = Math.max(k + 1, Math.round(k * 1.05))) topKs.push(k);
  topKs.push(size);
  element("top-k").max = topKs.length - 1;
}

/** The slider position of a top-k, rounded up to the next value of the slider. */
const topKPosition = (k) => Math.min(topKs.filter((other) => other < k).length, topKs.length - 1);

const identity = (value) => value;
const controls = [
  { key: "temperature", id: "temperature", rule: "Temperature must be from 0 to 1000", isValid: (x) => x >= 0 && x <= 1000, toPosition: identity, fromPosition: identity },
  { key: "top_k", id: "top-k", rule: "Top-k must be a whole number, 0 (off) or more", isValid: (x) => Number.isInteger(x) && x >= 0 && x < 2 ** 31, toPosition: topKPosition, fromPosition: (position) => topKs[position] },
  { key: "top_p", id: "top-p", rule: "Top-p must be above 0 and at most 1", isValid: (x) => x > 0 && x <= 1, toPosition: identity, fromPosition: identity },
  { key: "min_p", id: "min-p", rule: "Min-p must be from 0 to 1", isValid: (x) => x >= 0 && x <= 1 },
  { key: "typical_p", id: "typical-p", rule: "Typical-p must be above 0 and at most 1", isValid: (x) => x > 0 && x <= 1 },
];

/** A setting in words, for screen readers. */
function inWords(key, value) {
  if (key === "top_k") return value === 0 ? "off" : `${value} likeliest`;
  if (key === "top_p") return value === 1 ? "off" : String(value);
  return value === 0 ? "0, always the likeliest" : String(value);
}

function showSlider(control) {
  const slider = element(control.id);
  if (slider === null) return;
  const value = explorer.settings[control.key];
  slider.value = control.toPosition(value);
  slider.setAttribute("aria-valuetext", inWords(control.key, value));
}

/** Shows the error of an input; "" clears it. */
function showError(input, error) {
  input.setAttribute("aria-invalid", String(error !== ""));
  element("error").textContent = error;
}

function showNumber(control) {
  const input = element(control.id + "-number");
  input.value = explorer.settings[control.key];
  showError(input, "");
}

export function showSettings() {
  controls.forEach(showSlider);
  controls.forEach(showNumber);
}

function listen(control) {
  const input = element(control.id + "-number");
  input.addEventListener("input", () => {
    const value = input.valueAsNumber;
    if (!control.isValid(value)) {
      showError(input, control.rule);
      return;
    }
    showError(input, "");
    explorer.change({ [control.key]: value });
    showSlider(control);
  });
  input.addEventListener("change", () => {
    if (!control.isValid(input.valueAsNumber)) showNumber(control);
  });
  element(control.id)?.addEventListener("input", (event) => {
    explorer.change({ [control.key]: control.fromPosition(event.target.valueAsNumber) });
    showSlider(control);
    showNumber(control);
  });
}

export function startSettings() {
  controls.forEach(listen);
  document.querySelector(".settings").addEventListener("submit", (event) => event.preventDefault());
  element("reset").addEventListener("click", () => {
    explorer.change(explorer.stepSettings(explorer.index));
    showSettings();
  });
  explorer.on("model", () => {
    setVocabularySize(explorer.model.labels.length);
    element("more").open = explorer.settings.min_p > 0 || explorer.settings.typical_p < 1;
    showSettings();
  });
  explorer.on("step", showSettings);
}
