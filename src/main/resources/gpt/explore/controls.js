// The inputs: sliders and numbers for the same setting, and the keys.

/** Places of top-k's slider: every number at first, then steps of a twentieth, up to all ids. */
const topKs = [0];
for (let k = 1; k < size; k = Math.max(k + 1, Math.round(k * 1.05))) topKs.push(k);
topKs.push(size);

/** The place of a top-k on its slider: that of the next number there. */
const placeOfTopK = (k) => Math.min(topKs.filter((other) => other < k).length, topKs.length - 1);

const identity = (value) => value;
const controls = [
  { key: "temperature", id: "temperature", rule: "Temperature must be from 0 to 1000", right: (x) => x >= 0 && x <= 1000, toPlace: identity, fromPlace: identity },
  { key: "topK", id: "top-k", rule: "Top-k must be a whole number, 0 (off) or more", right: (x) => Number.isSafeInteger(x) && x >= 0, toPlace: placeOfTopK, fromPlace: (place) => topKs[place] },
  { key: "topP", id: "top-p", rule: "Top-p must be above 0 and at most 1", right: (x) => x > 0 && x <= 1, toPlace: identity, fromPlace: identity },
  { key: "minP", id: "min-p", rule: "Min-p must be from 0 to 1", right: (x) => x >= 0 && x <= 1 },
  { key: "typicalP", id: "typical-p", rule: "Typical-p must be above 0 and at most 1", right: (x) => x > 0 && x <= 1 },
];

/** A setting in words, for the slider that a screen reader reads. */
function inWords(key, value) {
  if (key === "topK") return value === 0 ? "off" : `${value} likeliest`;
  if (key === "topP") return value === 1 ? "off" : String(value);
  return value === 0 ? "0, always the likeliest" : String(value);
}

function showSlider(control) {
  const slider = element(control.id);
  if (slider === null) return;
  const value = page.settings[control.key];
  slider.value = control.toPlace(value);
  slider.setAttribute("aria-valuetext", inWords(control.key, value));
}

/** Shows that a number is no setting, or takes that back. */
function judge(input, rule) {
  input.setAttribute("aria-invalid", String(rule !== ""));
  element("wrong").textContent = rule;
}

function showNumber(control) {
  const input = element(control.id + "-number");
  input.value = page.settings[control.key];
  judge(input, "");
}

for (const control of controls) {
  const input = element(control.id + "-number");
  input.addEventListener("input", () => {
    const value = input.valueAsNumber;
    if (!control.right(value)) {
      judge(input, control.rule);
      return;
    }
    judge(input, "");
    page.settings[control.key] = value;
    showSlider(control);
    updateSoon();
  });
  input.addEventListener("change", () => {
    if (!control.right(input.valueAsNumber)) showNumber(control);
  });
  element(control.id)?.addEventListener("input", (event) => {
    page.settings[control.key] = control.fromPlace(event.target.valueAsNumber);
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

/** Keys walk the steps, but where they already mean something. */
document.addEventListener("keydown", (event) => {
  const taken = event.target.closest?.("input, select, textarea, .scroll") ?? null;
  if (taken !== null || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
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
  : "In this run the logits were changed first, by " + data.before.join(", ")
    + "; the page takes them as they were after that, and the outlines from before it.";
showSettings();
if (data.steps.length > 0) {
  go(0);
}
new ResizeObserver(() => data.steps.length > 0 && updateSoon()).observe(element("bars"));
