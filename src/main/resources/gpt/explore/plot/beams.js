// A beam search as a tree that grows: each step's candidates below the beams that they extend.

import { button, element, make, number, scroll, source } from "./dom.js";
import { explorer } from "./explorer.js";
import { counted, percent, signed } from "./format.js";
import { showFailure } from "./live.js";
import { post } from "./server.js";

const NEW_STEP = 600; // milliseconds from one step of the tree to the next

const FATES = { kept: "kept", ended: "ended", dropped: "dropped" };

/** A candidate, and the candidates that extend it. */
function branch(steps, depth, index) {
  const node = steps[depth][index];
  const label = make("span", "node " + node.fate, make("b", "", explorer.label(node.id)),
    make("span", "hint", ` ${percent(Math.exp(node.log_probability))}, sum ${signed(node.sum, 3)}`));
  label.append(make("span", node.fate === "dropped" ? "away" : "hint fate", `, ${FATES[node.fate]}`));
  const item = make("li", "", label);
  const children = (steps[depth + 1] ?? []).flatMap((child, i) => (child.parent === index ? [branch(steps, depth + 1, i)] : []));
  if (children.length > 0) item.append(make("ol", "", ...children));
  return item;
}

/** Draws the first steps of the tree. */
function drawTree(steps) {
  element("tree").replaceChildren(...steps[0].map((_, i) => branch(steps, 0, i)));
}

function writeBest(completions) {
  element("best").replaceChildren(...completions.map(({ ids, score }) =>
    make("li", "", make("span", "mono", ids.map((id) => explorer.label(id)).join("")), make("span", "hint", `  score ${signed(score, 4)}`))));
}

async function search() {
  showFailure(null);
  try {
    const { steps, completions } = await post("explore/beams", {
      prompt: element("prompt").value,
      beams: element("beam-count").valueAsNumber,
      max_tokens: element("beam-tokens").valueAsNumber,
    });
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    element("best").replaceChildren();
    for (let shown = calm ? steps.length : 1; shown <= steps.length; shown++) {
      drawTree(steps.slice(0, shown));
      element("beam-step").textContent = `step ${shown} of ${counted(steps.length, "step")}`;
      if (shown < steps.length) await new Promise((resolve) => setTimeout(resolve, NEW_STEP));
    }
    writeBest(completions);
  } catch (error) {
    showFailure(error);
  }
}

export function startBeams() {
  const go = button("primary", "Search", search);
  go.id = "beams-search";
  const place = make("span", "hint");
  place.id = "beam-step";
  const tree = make("ol", "tree");
  tree.id = "tree";
  const best = make("ol", "best");
  best.id = "best";
  element("beams").append(
    make("p", "about", "Beam search draws nothing. Each step extends every beam by its likeliest tokens and keeps the extensions with the largest sum of log-probabilities. ",
      make("span", "formula", "sum = Σ ln p(token);  score = sum / length"), " ",
      source("src/main/java/gpt/generate/BeamSearch.java")),
    make("div", "row", number("beam-count", "Beams ", 3, 8), number("beam-tokens", "Tokens ", 6, 64), go, place),
    scroll("The tree of the search", tree), make("h2", "", "The best completions"), best);
}
