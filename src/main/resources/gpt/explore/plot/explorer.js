// The page's state and its listeners.

import { Chain, FILTERS_OFF, REMOVED_BY } from "./chain.js";
import { afterPause, onFrame } from "./dom.js";

/** Time without a change after which the page rests, in milliseconds. */
const REST_AFTER = 80;

const listeners = { model: [], step: [], position: [], chain: [], rest: [] };

export const explorer = {
  /** Whether a server answers; else all steps are in the page. */
  live: false,
  /** The model: labels, coefficients, and of a server its shape. */
  model: { labels: [], coefficients: [] },
  /** The settings with which the steps were made, except for each step's temperature. */
  defaults: FILTERS_OFF,
  settings: { temperature: 1, ...FILTERS_OFF },
  steps: [],
  index: 0,
  /** The current step and the chain's result for it. */
  step: null,
  chain: null,
  /** Position of the token whose insides are shown. */
  position: 0,
  /** Whether the listeners at rest have followed the last change. */
  resting: false,
  /** Number of candidates shown. */
  shown: 20,

  label(id) {
    return this.model.labels[id] ?? String(id);
  },

  /** Whether an id is kept, banned or cut, and what cut it. */
  state(id) {
    if (this.chain.removedBy[id] === 0) return "kept";
    if (this.step.logits[id] === -Infinity) return "banned";
    return "cut by " + REMOVED_BY[this.chain.removedBy[id]];
  },

  /** The settings with which a step was made. */
  stepSettings(index) {
    return { ...this.defaults, temperature: this.steps[index]?.temperature ?? 1 };
  },

  /** Sets the model. */
  begin(model) {
    this.model = model;
    notify("model");
  },

  /**
   * Shows a step; the index is clamped. In a page with its own steps, the temperature becomes the
   * new step's unless the user has changed it.
   */
  go(index) {
    const before = this.stepSettings(this.index).temperature;
    this.index = Math.max(0, Math.min(index, this.steps.length - 1));
    if (!this.live && this.settings.temperature === before) {
      this.settings.temperature = this.stepSettings(this.index).temperature;
    }
    this.step = this.steps[this.index];
    this.chain = new Chain(this.model.coefficients, this.step.logits, this.step.order);
    this.position = this.step.ids.length - 1;
    this.computeChain();
    notify("step");
    notify("position");
    notify("chain");
    rest();
  },

  /** Selects a token of the context. */
  select(position) {
    this.position = Math.max(0, Math.min(position, this.step.ids.length - 1));
    notify("position");
    restSoon();
  },

  /** Changes settings; the page follows with the next frame. */
  change(settings) {
    Object.assign(this.settings, settings);
    changeSoon();
  },

  computeChain() {
    this.chain.apply(this.settings, this.step.random);
  },

  /**
   * Calls a listener when the model, the step, the position or the chain's result has changed, and
   * at rest: once, when changes have ended, for what need not move with a slider.
   */
  on(what, listener) {
    listeners[what].push(listener);
  },
};

function notify(what) {
  listeners[what].forEach((listener) => listener());
}

const changeSoon = onFrame(() => {
  if (explorer.step === null) return;
  explorer.computeChain();
  notify("chain");
  restSoon();
});

function rest() {
  notify("rest");
  explorer.resting = true;
}

const restAfterPause = afterPause(rest, REST_AFTER);

function restSoon() {
  explorer.resting = false;
  restAfterPause();
}
