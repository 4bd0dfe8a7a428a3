// Starts the page and redraws it when its state changes.

import { candidates, describeBars, drawBars } from "./bars.js";
import { afterPause, element } from "./dom.js";
import { drawStrip, writeDraw } from "./draw.js";
import { explorer } from "./explorer.js";
import { count, percent } from "./format.js";
import { startBeams } from "./beams.js";
import { startInside } from "./inside.js";
import { startLessons } from "./lessons.js";
import { startLive } from "./live.js";
import { startLoss } from "./loss.js";
import { writeKept, writeSoftmax, writeTable } from "./numbers.js";
import { showPlace, startPlayer } from "./player.js";
import { startSamples } from "./samples.js";
import { showSettings, startSettings } from "./settings.js";
import { Step } from "./step.js";
import { startTabs } from "./tabs.js";
import { showDrawn, showPosition, startTokens, writeTokens } from "./tokens.js";
import { hideTextStages, startWay, writeTexts, writeWay } from "./way.js";

/** Time without a change after which screen readers hear of it, in milliseconds. */
const ANNOUNCED_AFTER = 500;

const announceSoon = afterPause(() => {
  const { chain, step, live } = explorer;
  const chosen = live ? "" : ` Chosen in the run: ${explorer.label(step.chosen)}, ${percent(chain.probabilities[step.chosen])} with these settings.`;
  element("status").textContent = `${element("step").textContent}.${chosen} Kept ${count(chain.count)} of ${count(step.order.length)} tokens, `
    + `whose total probability is ${percent(chain.mass)}. Drawn: ${explorer.label(chain.drawn)}.`;
}, ANNOUNCED_AFTER);

/** What follows once a slider rests. */
function writeAll() {
  describeBars(candidates());
  writeTable(candidates());
  writeKept();
  writeDraw();
  writeTexts();
  announceSoon();
}

/** What moves with a slider. */
function drawChain() {
  drawBars(candidates());
  drawStrip();
  showDrawn();
  writeWay(["chain", "draw", "next"]);
}

function drawStep() {
  showPlace();
  hideTextStages(explorer.step.ids.length === 0);
  writeTokens();
  writeSoftmax();
  writeWay();
}

/** The steps of a page with its own data. */
function storedSteps(data) {
  let ids = [];
  return data.steps.map((stored) => {
    ids = stored.ids ?? ids;
    const step = new Step(stored, ids);
    ids = [...ids, stored.chosen];
    return step;
  });
}

function startStored(data) {
  explorer.defaults = data.settings;
  explorer.steps = storedSteps(data);
  explorer.settings = explorer.stepSettings(0);
  element("before").textContent = data.before.length === 0 ? ""
    : "In this run, steps before the temperature changed the logits: " + data.before.join(", ")
      + ". The page applies the temperature to the changed logits; the outlines show the model’s"
      + " probabilities, before these steps.";
  const { n_layer, n_head, n_embd } = data.layers ?? {};
  explorer.begin({ ...data, n_layer, n_head, n_embd });
  if (explorer.steps.length > 0) explorer.go(0);
}

function startTheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const show = (isDark) => {
    document.documentElement.dataset.theme = isDark ? "dark" : "light";
    element("theme").textContent = isDark ? "Light" : "Dark";
    element("theme").setAttribute("aria-label", element("theme").textContent + " colours");
  };
  show(dark.matches);
  dark.addEventListener("change", () => show(dark.matches));
  element("theme").addEventListener("click", () => show(document.documentElement.dataset.theme !== "dark"));
}

function start() {
  const data = JSON.parse(element("data").textContent);
  startTheme();
  startWay();
  startTokens();
  startPlayer();
  startSettings();
  startInside();
  explorer.on("step", drawStep);
  explorer.on("position", showPosition);
  explorer.on("position", () => writeWay(["tokens", "embedding"]));
  explorer.on("chain", drawChain);
  explorer.on("rest", writeAll);
  element("shown").addEventListener("change", (event) => {
    explorer.shown = Number(event.target.value);
    explorer.change({});
  });
  element("numbers").addEventListener("toggle", () => explorer.change({}));
  new ResizeObserver(() => explorer.change({})).observe(element("bars"));
  if (data.live) {
    [startTabs, startSamples, startBeams, startLoss, startLessons, startLive].forEach((each) => each());
  } else {
    startStored(data);
  }
  showSettings();
  globalThis.explorer = explorer; // for the browser's console and for tests
}

start();
