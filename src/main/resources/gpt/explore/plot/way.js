// The stages in one picture, and each stage's text with the step's own numbers.

import { element, make, resize, setClass, setText, source, style } from "./dom.js";
import { random } from "./draw.js";
import { explorer } from "./explorer.js";
import { count, counted, level, percent, share, signed } from "./format.js";

/** A part of a text in the font of formulas. */
const formula = (text) => make("span", "formula", text);

const q = (id) => `“${explorer.label(id)}”`;

/** A row of little bars of the likeliest tokens, which are reused. */
function miniBars(probabilities, old) {
  const ids = likeliest(8);
  const max = Math.max(...ids.map((id) => probabilities[id]));
  const row = old ?? make("div", "mini bars");
  resize(row, ids.length, () => make("i")).forEach((bar, i) => {
    bar.style.height = share(max > 0 ? probabilities[ids[i]] / max : 0);
    setClass(bar, ids[i] === explorer.chain.drawn ? "hit" : "");
  });
  return row;
}

/** Values that other parts of the page have found for the current step: norms, the lens. */
export const found = { embedding: null, layers: null, lens: null };

function miniColours(values) {
  return make("div", "mini cells", ...values.map((value) => make("i", level(value))));
}

const likeliest = (n) => Array.from(explorer.step.order.subarray(0, n));

/** The stages: what the picture and the summary say, the picture's drawing, which may reuse the old one, and the text. */
const stages = [
  {
    id: "tokens", name: "Tokens",
    brief: () => counted(explorer.step.ids.length, "token"),
    picture: () => make("div", "mini chips", ...explorer.step.ids.slice(-4).map((id) => make("b", "", explorer.label(id)))),
    about: () => {
      const { ids } = explorer.step;
      const id = ids[explorer.position];
      return [`The tokenizer splits the text into ${counted(ids.length, "token")} of a vocabulary of ${count(explorer.model.labels.length)}. The token at position ${explorer.position}, ${q(id)}, has the id ${id}. Select a token above to look inside it. `,
        source("src/main/java/gpt/tokenizer")];
    },
  },
  {
    id: "embedding", name: "Embedding",
    brief: () => (explorer.model.n_embd ? `${count(explorer.model.n_embd)} numbers a token` : "not in this page"),
    picture: () => (found.embedding ? miniColours(found.embedding) : null),
    about: () => {
      const id = explorer.step.ids[explorer.position];
      return ["Each token becomes a vector: the embedding of its id plus the embedding of its position. ",
        formula(`x = wte[${id}] + wpe[${explorer.position}]`), " ", source("kernels/gpt/kernels/Embedding.java")];
    },
  },
  {
    id: "blocks", name: "Blocks",
    brief: () => (explorer.model.n_layer ? `${explorer.model.n_layer} blocks, ${explorer.model.n_head} heads each` : "not in this page"),
    picture: () => (found.layers ? miniColours(found.layers) : null),
    about: () => {
      const { n_embd: c, n_head: heads } = explorer.model;
      const size = c ? c / heads : "hs";
      return ["Each block adds to the vector what its attention finds in the tokens so far, then what its MLP makes of it. ",
        formula(`x ← x + attention(norm(x));  x ← x + MLP(norm(x));  attention = softmax(Q Kᵀ / √${size}) V`), " ",
        source("kernels/gpt/kernels/Attention.java", "kernels/gpt/kernels/GeluProjection.java")];
    },
  },
  {
    id: "lens", name: "By layer",
    brief: () => (found.lens ? found.lens.brief : explorer.model.n_layer ? "what each layer would say" : "not in this page"),
    picture: () => (found.lens ? miniColours(found.lens.probabilities) : null),
    about: () => ["The final norm and lm_head, applied to the vector after each block: what the model would say if it ended there. ",
      formula("logits = lm_head(norm(x))"), " ", source("kernels/gpt/kernels/LmHead.java")],
  },
  {
    id: "softmax", name: "Softmax",
    brief: () => {
      const id = explorer.step.order[0];
      return `${explorer.label(id)} ${percent(explorer.step.model[id])}`;
    },
    picture: (old) => miniBars(explorer.step.model, old),
    about: () => {
      const { step } = explorer;
      const { max, sum } = step;
      const id = step.order[0];
      return [`A logit is the model’s score for a token: any number. Softmax turns the ${count(step.order.length)} logits into probabilities that sum to 1. `,
        formula(`p(${explorer.label(id)}) = e^(${signed(step.modelLogits[id], 4)} − ${signed(max, 4)}) / ${sum.toFixed(4)} = ${step.model[id].toFixed(4)}`), " ",
        source("src/main/java/gpt/sampling/Softmax.java")];
    },
  },
  {
    id: "chain", name: "Chain",
    brief: () => `keeps ${count(explorer.chain.count)} of ${count(explorer.step.order.length)}`,
    picture: (old) => miniBars(explorer.chain.probabilities, old),
    about: () => {
      const { temperature } = explorer.settings;
      const text = temperature === 0
        ? "At temperature 0 only the likeliest token is kept. "
        : `The logits are divided by the temperature ${temperature}: below 1 likely tokens become likelier, above 1 less likely. Filters then remove tokens, and the rest is renormalized to a sum of 1. `;
      return [text, ...(temperature === 0 ? [] : [formula(`p ∝ e^(z / ${temperature})`), " "]),
        "Top-k keeps the k likeliest; top-p the fewest whose probabilities reach p; min-p those with at least p times the likeliest’s; typical-p those whose information is closest to the entropy. ",
        source("kernels/gpt/kernels/sampling/SamplingChain.java")];
    },
  },
  {
    id: "draw", name: "Draw",
    brief: () => (explorer.settings.temperature === 0 ? "no random number" : random().toFixed(5)),
    picture: (old) => {
      if (explorer.settings.temperature === 0) return null;
      const line = old ?? make("div", "mini line", make("i"));
      style(line.firstChild, { "--at": random() });
      return line;
    },
    about: () => {
      if (explorer.settings.temperature === 0) return ["At temperature 0 the likeliest token is chosen without a random number. "];
      const { chain } = explorer;
      let before = 0;
      for (let id = 0; id < chain.drawn; id++) before += chain.probabilities[id];
      return [`The kept tokens in the order of their ids; widths are probabilities. The random number depends on the seed, the sample and the step only. `,
        formula(`${before.toFixed(5)} ≤ ${random().toFixed(5)} < ${(before + chain.probabilities[chain.drawn]).toFixed(5)}`),
        ` so it draws ${q(chain.drawn)}. `, source("src/main/java/gpt/sampling/Philox.java")];
    },
  },
  {
    id: "next", name: "Token",
    brief: () => explorer.label(explorer.chain.drawn),
    picture: (old) => {
      const chips = old ?? make("div", "mini chips", make("b", "hit"));
      setText(chips.firstChild, explorer.label(explorer.chain.drawn));
      return chips;
    },
    about: () => {
      const { chain, step } = explorer;
      return [`${q(chain.drawn)} is appended to the text, and the model computes the next logits from the ${counted(step.ids.length + 1, "token")}. Only the new token passes through the blocks; the keys and values of the others are cached. `,
        source("src/main/java/gpt/generate/Scheduler.java")];
    },
  },
];

const stage = (id) => element("stage-" + id);

/** Opens a stage and scrolls to it. */
export function openStage(id) {
  stage(id).open = true;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  stage(id).scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" });
}

export function startWay() {
  element("way").append(...stages.map(({ id, name }) => {
    const button = make("button", "", make("span", "way-name", name), make("span", "way-picture"), make("span", "way-brief"));
    button.type = "button";
    button.dataset.stage = id;
    button.addEventListener("click", () => {
      openStage(id);
      stage(id).querySelector("summary").focus({ preventScroll: true });
    });
    return make("li", "", button);
  }));
  for (const { id } of stages) stage(id).addEventListener("toggle", () => explorer.step && writeAbout(id));
}

function writeAbout(id) {
  const { about } = stages.find((each) => each.id === id);
  if (stage(id).open) stage(id).querySelector(".about").replaceChildren(...about());
}

/** Writes the texts of the open stages, which have this step's numbers. */
export function writeTexts() {
  for (const { id } of stages) writeAbout(id);
}

/** Hides the stages before the logits where there is no text: for logits that the user gave. */
export function hideTextStages(hidden) {
  for (const id of ["tokens", "embedding", "blocks", "lens"]) {
    stage(id).hidden = hidden;
    element("way").querySelector(`[data-stage=${id}]`).parentElement.hidden = hidden;
  }
}

/** Draws the picture and writes the summaries: of all stages, or of some. */
export function writeWay(some = stages.map(({ id }) => id)) {
  for (const { id, brief, picture } of stages.filter((each) => some.includes(each.id))) {
    const text = brief();
    setText(stage(id).querySelector(".brief"), text);
    const button = element("way").querySelector(`[data-stage=${id}]`);
    setText(button.querySelector(".way-brief"), text);
    const box = button.querySelector(".way-picture");
    const old = box.firstElementChild;
    const drawing = picture(old);
    if (drawing !== old) box.replaceChildren(...(drawing ? [drawing] : []));
  }
}
