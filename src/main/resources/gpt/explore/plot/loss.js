// How well the model predicts each token of the text, and what it expected instead.

import { arrowKeys, button, columns, element, make, row, scroll, source } from "./dom.js";
import { explorer } from "./explorer.js";
import { count, level, percent } from "./format.js";
import { showFailure } from "./live.js";
import { post } from "./server.js";

/** A loss at the end of the colour scale, in nats. */
const TOP = 8;

let answer = null;

function describe(position) {
  const id = answer.ids[position];
  const token = answer.tokens[position - 1];
  const p = Math.exp(-token.loss);
  const best = token.ids.map((other, i) => [`${explorer.label(other)} ${percent(token.probabilities[i])}`, other]).filter(([, other]) => other !== id).map(([text]) => text);
  element("loss-readout").textContent = `${explorer.label(id)}: loss ${token.loss.toFixed(4)} = −ln ${p.toPrecision(4)}, rank ${count(token.rank)}. ${token.rank === 1 ? "Next likeliest" : "Likelier"}: ${best.join(", ")}.`;
  for (const made of element("loss-text").querySelectorAll("[data-position]")) {
    const current = Number(made.dataset.position) === position;
    made.tabIndex = current ? 0 : -1;
    made.setAttribute("aria-pressed", String(current));
  }
}

function write() {
  const { ids, tokens, loss, perplexity } = answer;
  const chips = ids.map((id, i) => {
    const chip = make("button", i === 0 ? "token" : "token " + level(tokens[i - 1].loss / TOP), explorer.label(id));
    chip.type = "button";
    if (i === 0) {
      chip.disabled = true;
      chip.title = "the first token has no loss: nothing stands before it";
      return chip;
    }
    chip.dataset.move = "";
    chip.dataset.position = i;
    chip.tabIndex = i === 1 ? 0 : -1;
    return chip;
  });
  element("loss-text").replaceChildren(...chips);
  element("loss-sum").textContent = `Mean loss ${loss.toFixed(4)} nats a token; perplexity e^${loss.toFixed(4)} = ${perplexity.toFixed(3)}: as uncertain as a choice among that many equally likely tokens.`;
  element("loss-rows").replaceChildren(...tokens.map(({ loss: each, rank, ids: best, probabilities }, i) =>
    row([i + 1, explorer.label(ids[i + 1]), each.toFixed(4), percent(Math.exp(-each)), count(rank), `${explorer.label(best[0])} ${percent(probabilities[0])}`], 1)));
  describe(1);
}

async function measure() {
  showFailure(null);
  try {
    answer = await post("explore/loss", { prompt: element("prompt").value });
    element("loss-result").hidden = false;
    write();
  } catch (error) {
    showFailure(error);
  }
}

export function startLoss() {
  const go = button("primary", "Measure", measure);
  go.id = "loss-measure";
  const text = make("div", "tokens lossy");
  text.id = "loss-text";
  text.setAttribute("role", "toolbar");
  text.setAttribute("aria-label", "The text, coloured by loss");
  const readout = make("p", "readout");
  readout.id = "loss-readout";
  readout.setAttribute("role", "status");
  const sum = make("p", "");
  sum.id = "loss-sum";
  const scale = make("span", "scale");
  scale.setAttribute("role", "img");
  scale.setAttribute("aria-label", "colours from pale to strong");
  const body = make("tbody");
  body.id = "loss-rows";
  const head = columns(["Position", "Token", "Loss", "Probability", "Rank", "Likeliest"]);
  const table = scroll("The losses as a table", make("table", "list", head, body));
  const result = make("div", "", sum, make("div", "legend", make("span", "", "loss 0"), scale, make("span", "", `${TOP} nats or more`)),
    text, readout, make("details", "", make("summary", "", "Table of the losses"), table));
  result.id = "loss-result";
  result.hidden = true;
  element("loss").append(
    make("p", "about", "The loss of a token is the negative logarithm of the probability that the model gives it: 0 if it was certain, larger the more surprising the token is. Type a whole text above and measure it. ",
      make("span", "formula", "loss = −ln p(token | the tokens before it)"), " ",
      source("kernels/gpt/kernels/CrossEntropy.java")),
    make("div", "row", go), result);
  const choose = (event) => {
    const position = Number(event.target.dataset?.position);
    if (position > 0) describe(position);
  };
  for (const type of ["pointerover", "focusin", "click"]) text.addEventListener(type, choose);
  arrowKeys(text, () => {});
}
