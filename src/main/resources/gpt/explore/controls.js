// Input: a slider and a number field for each setting, buttons and keys.

/** Values of top-k's slider: consecutive at first, then growing by 5 %, up to the vocabulary size. */
const topKs = [0];
for (let k = 1; k < size; k = Math.max(k + 1, Math.round(k * 1.05))) topKs.push(k);
topKs.push(size);

/** The slider position of a top-k, rounded up to the next value of the slider. */
const topKPosition = (k) => Math.min(topKs.filter((other) => other < k).length, topKs.length - 1);

const identity = (value) => value;
const controls = [
  { key: "temperature", id: "temperature", rule: "Temperature must be from 0 to 1000", isValid: (x) => x >= 0 && x <= 1000, toPosition: identity, fromPosition: identity },
  { key: "topK", id: "top-k", rule: "Top-k must be a whole number, 0 (off) or more", isValid: (x) => Number.isSafeInteger(x) && x >= 0, toPosition: topKPosition, fromPosition: (position) => topKs[position] },
  { key: "topP", id: "top-p", rule: "Top-p must be above 0 and at most 1", isValid: (x) => x > 0 && x <= 1, toPosition: identity, fromPosition: identity },
  { key: "minP", id: "min-p", rule: "Min-p must be from 0 to 1", isValid: (x) => x >= 0 && x <= 1 },
  { key: "typicalP", id: "typical-p", rule: "Typical-p must be above 0 and at most 1", isValid: (x) => x > 0 && x <= 1 },
];

/** A setting in words, for screen readers. */
function inWords(key, value) {
  if (key === "topK") return value === 0 ? "off" : `${value} likeliest`;
  if (key === "topP") return value === 1 ? "off" : String(value);
  return value === 0 ? "0, always the likeliest" : String(value);
}

function showSlider(control) {
  const slider = element(control.id);
  if (slider === null) return;
  const value = page.settings[control.key];
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
  input.value = page.settings[control.key];
  showError(input, "");
}

for (const control of controls) {
  const input = element(control.id + "-number");
  input.addEventListener("input", () => {
    const value = input.valueAsNumber;
    if (!control.isValid(value)) {
      showError(input, control.rule);
      return;
    }
    showError(input, "");
    page.settings[control.key] = value;
    showSlider(control);
    updateSoon();
  });
  input.addEventListener("change", () => {
    if (!control.isValid(input.valueAsNumber)) showNumber(control);
  });
  element(control.id)?.addEventListener("input", (event) => {
    page.settings[control.key] = control.fromPosition(event.target.valueAsNumber);
    showSlider(control);
    showNumber(control);
    updateSoon();
  });
}

function showSettings() {
  controls.forEach(showSlider);
  controls.forEach(showNumber);
}

element("reset").addEventListener("click", () => {
  page.settings = runSettings(page.index);
  showSettings();
  updateSoon();
});

element("shown").addEventListener("change", (event) => {
  page.shown = Number(event.target.value);
  updateSoon();
});

element("previous").addEventListener("click", () => go(page.index - 1));
element("next").addEventListener("click", () => go(page.index + 1));

/** Arrow keys, Home and End change the step, except in elements that use these keys themselves. */
document.addEventListener("keydown", (event) => {
  const usesKeys = event.target.closest?.("input, select, textarea, .scroll") ?? null;
  if (usesKeys !== null || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const to = { ArrowLeft: page.index - 1, ArrowRight: page.index + 1, Home: 0, End: data.steps.length - 1 }[event.key];
  if (to !== undefined) {
    event.preventDefault();
    go(to);
  }
});

const dark = matchMedia("(prefers-color-scheme: dark)");
element("theme").setAttribute("aria-pressed", String(dark.matches));
element("theme").addEventListener("click", () => {
  const wanted = element("theme").getAttribute("aria-pressed") !== "true";
  document.documentElement.style.colorScheme = wanted ? "dark" : "light";
  element("theme").setAttribute("aria-pressed", String(wanted));
});

element("top-k").max = topKs.length - 1;
element("top-k-number").max = "";
element("more").open = data.settings.minP > 0 || data.settings.typicalP < 1;
element("before").textContent = data.before.length === 0 ? ""
  : "In this run, steps before the temperature changed the logits: " + data.before.join(", ")
    + ". The page applies the temperature to the changed logits; the outlines show the model’s"
    + " probabilities, before these steps.";
showSettings();
if (data.steps.length > 0) {
  go(0);
}
new ResizeObserver(() => data.steps.length > 0 && updateSoon()).observe(element("bars"));
