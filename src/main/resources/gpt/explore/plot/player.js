// Steps back and on, one at a time or by itself.

import { element } from "./dom.js";
import { explorer } from "./explorer.js";

let timer = null;

/** Called to make a step that the page does not have; set by a server's page. */
let extend = null;

export const playing = () => timer !== null;

/** Sets what makes the next step: an asynchronous function that says whether there is one. */
export function setExtend(make) {
  extend = make;
}

/** Whether the step after the current one is in the page, and follows the token that is drawn now. */
function hasNext() {
  const next = explorer.steps[explorer.index + 1];
  return next !== undefined && (!explorer.live || next.ids.at(-1) === explorer.chain.drawn);
}

/** One step on; false if there is none. */
export async function forward() {
  if (hasNext()) {
    explorer.go(explorer.index + 1);
    return true;
  }
  return extend !== null && extend();
}

export function pause() {
  clearTimeout(timer);
  timer = null;
  element("play").setAttribute("aria-pressed", "false");
  element("play").textContent = "Play";
}

function play() {
  element("play").setAttribute("aria-pressed", "true");
  element("play").textContent = "Pause";
  const next = async () => {
    const mine = timer;
    const more = await forward();
    if (timer !== mine) return; // paused meanwhile
    if (more) timer = setTimeout(next, Number(element("speed").value));
    else pause();
  };
  timer = setTimeout(next, 0);
}

export function showPlace() {
  const { index, steps, live } = explorer;
  element("step").textContent = live ? `Step ${index + 1}` : `Step ${index + 1} of ${steps.length}`;
  if (explorer.step.name) element("step").textContent += `, ${explorer.step.name}`;
  // The attribute disabled would remove the focus.
  element("previous").setAttribute("aria-disabled", String(index === 0));
  element("next").setAttribute("aria-disabled", String(!live && index === steps.length - 1));
}

function onKey(event) {
  const usesKeys = event.target.closest?.("input, select, textarea, .scroll, [role=tablist], [role=grid], .tokens") ?? null;
  if (usesKeys !== null || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (explorer.step === null || element("walk").hidden) return;
  const action = {
    ArrowLeft: () => explorer.go(explorer.index - 1),
    ArrowRight: forward,
    Home: () => explorer.go(0),
    End: () => explorer.go(explorer.steps.length - 1),
  }[event.key];
  if (action === undefined) return;
  event.preventDefault();
  pause();
  action();
}

export function startPlayer() {
  element("previous").addEventListener("click", () => {
    pause();
    explorer.go(explorer.index - 1);
  });
  element("next").addEventListener("click", () => {
    pause();
    forward();
  });
  element("play").addEventListener("click", () => (playing() ? pause() : play()));
  document.addEventListener("keydown", onKey);
}
