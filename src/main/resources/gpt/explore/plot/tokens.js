// The context as tokens. A click selects the token whose insides are shown.

import { arrowKeys, element, make, row, setText } from "./dom.js";
import { explorer } from "./explorer.js";

/** Longer contexts show their end; the page stays quick. */
const MAX_TOKENS = 512;

/** Index of the first token that is shown. */
const firstShown = (n) => Math.max(0, n - MAX_TOKENS);

/** The token's text in a running text: its label, with a line end after line ends. */
export function chip(label) {
  const made = make("button", "token", label);
  made.type = "button";
  made.dataset.move = "";
  return made;
}

export function writeTokens() {
  const { ids } = explorer.step;
  const given = explorer.steps[0].ids.length;
  const from = firstShown(ids.length);
  const chips = ids.slice(from).map((id, i) => {
    const made = chip(explorer.label(id));
    made.dataset.position = from + i;
    made.classList.toggle("new", explorer.live && from + i >= given);
    made.title = `position ${from + i}, id ${id}`;
    return made;
  });
  if (from > 0) chips.unshift(make("span", "hint", `… ${from} tokens before `));
  chips.push(make("span", "token drawn", ""));
  element("context").replaceChildren(...chips);
  element("token-rows").replaceChildren(...ids.map((id, i) => row([i, explorer.label(id), id], 1)));
  showPosition();
}

export function showPosition() {
  for (const made of element("context").querySelectorAll("[data-position]")) {
    const selected = Number(made.dataset.position) === explorer.position;
    made.setAttribute("aria-pressed", String(selected));
    made.tabIndex = selected ? 0 : -1;
  }
}

/** Shows the token that is drawn after the context. */
export function showDrawn() {
  const drawn = element("context").querySelector(".drawn");
  setText(drawn, explorer.label(explorer.chain.drawn));
  drawn.title = "the next token, drawn with these settings";
}

export function startTokens() {
  const box = element("context");
  box.addEventListener("click", (event) => {
    const { position } = event.target.dataset;
    if (position !== undefined) explorer.select(Number(position));
  });
  arrowKeys(box, (made) => explorer.select(Number(made.dataset.position)));
}
