// A server's page: a text is typed, and each step asked from the server.

import { element } from "./dom.js";
import { explorer } from "./explorer.js";
import { pause, setExtend } from "./player.js";
import { get, post, setKey } from "./server.js";
import { Step } from "./step.js";
import { openTab } from "./tabs.js";

let pending = null;
let loading = null;

/** Shows why a request failed; an aborted one says nothing. */
export function showFailure(error) {
  if (error?.name === "AbortError") return;
  if (error?.status === 401) element("key-label").hidden = false;
  element("failure").textContent = error ? error.message : "";
}

/** Loads the model once. */
function loadModel() {
  loading ??= get("explore/model").catch((error) => {
    loading = null;
    throw error;
  });
  return loading;
}

export function seed() {
  return Number.isSafeInteger(element("seed").valueAsNumber) ? element("seed").valueAsNumber : 0;
}

/** Asks for a step: of a text, or of ids of which the last `step` were generated. */
async function ask(context, step) {
  pending?.abort();
  pending = new AbortController();
  const body = { ...context, ...explorer.settings, seed: seed(), step };
  const answer = await post("explore/step", body, pending.signal);
  return new Step(answer, answer.ids);
}

/** Begins with the text of the form. */
export async function begin() {
  pause();
  showFailure(null);
  document.body.classList.add("waiting");
  const opening = explorer.step === null;
  try {
    const model = await loadModel();
    if (explorer.model !== model) {
      explorer.begin(model);
      element("model").textContent = `${model.model}: ${model.n_layer} blocks, ${model.n_head} heads, ${model.n_embd} channels, ${model.labels.length.toLocaleString("en")} tokens; ${model.device}, ${model.dtype}`;
    }
    const first = await ask({ prompt: element("prompt").value }, 0);
    explorer.steps = [first];
    explorer.go(0);
    if (opening && element("tab-walk").getAttribute("aria-selected") === "true") openTab("walk");
  } catch (error) {
    showFailure(error);
  } finally {
    document.body.classList.remove("waiting");
  }
}

/** Appends the token that is drawn and asks for the next step. */
async function makeStep() {
  if (explorer.step === null) return false;
  const { index, chain, model } = explorer;
  if (model.end_ids.includes(chain.drawn)) {
    showFailure({ message: "the text has ended: the token that is drawn is the end of the text" });
    return false;
  }
  try {
    const next = await ask({ prompt_ids: [...explorer.step.ids, chain.drawn] }, index + 1);
    explorer.steps.length = index + 1;
    explorer.steps.push(next);
    explorer.go(index + 1);
    showFailure(null);
    return true;
  } catch (error) {
    showFailure(error);
    return false;
  }
}

/** Asks for the current step again: with another seed. */
async function again() {
  if (explorer.step === null) return;
  try {
    const { ids } = explorer.step;
    const { index } = explorer;
    explorer.steps[index] = await ask({ prompt_ids: ids }, index);
    explorer.steps.length = index + 1;
    explorer.go(index);
  } catch (error) {
    showFailure(error);
  }
}

export function startLive() {
  explorer.live = true;
  Object.assign(explorer.settings, { temperature: 0.8, top_k: 200 }); // the command line's
  explorer.defaults = { ...explorer.settings };
  explorer.stepSettings = () => ({ ...explorer.defaults });
  element("compose").hidden = false;
  element("walk").hidden = true;
  element("chosen-key").hidden = true;
  element("seed").value = 1337; // the command line's default
  element("prompt").value = "The king is d";
  setExtend(makeStep);
  element("compose").addEventListener("submit", (event) => {
    event.preventDefault();
    begin();
  });
  element("prompt").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      element("compose").requestSubmit();
    }
  });
  element("seed").addEventListener("change", again);
  element("key").addEventListener("change", () => {
    setKey(element("key").value);
    begin();
  });
  begin();
}
