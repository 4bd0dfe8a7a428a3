// One step: the model's logits for the next token, and what does not depend on the settings.

import { softmax, sortDescending } from "./chain.js";
import { entropy } from "./format.js";

/** Decodes Base64 to an ArrayBuffer. Typed arrays are little-endian in all browsers. */
export function decodeBase64(base64) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64).buffer;
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes.buffer;
}

export class Step {
  /** @param stored as the program wrote it: gpt.explore.plot.StepData */
  constructor(stored, ids) {
    this.name = stored.name ?? "";
    /** The tokens of the context. */
    this.ids = ids;
    /** The token that the program drew, and with which temperature. */
    this.chosen = stored.chosen;
    this.temperature = stored.temperature;
    /** The random number, 0 to 2^24 - 1. */
    this.random = stored.random;
    /** The logits after penalties and biases, before the temperature. */
    this.logits = new Float32Array(decodeBase64(stored.logits));
    /** The model's logits. */
    this.modelLogits = this.logits.slice();
    const values = new Float32Array(decodeBase64(stored.model_logits));
    new Int32Array(decodeBase64(stored.changed_ids)).forEach((id, i) => (this.modelLogits[id] = values[i]));
    /** The model's probabilities: the softmax of its logits, before penalties and biases. */
    this.model = softmax(this.modelLogits);
    /** The largest of the model's logits, and the sum of e^(logit - largest). */
    this.max = this.modelLogits.reduce((a, b) => Math.max(a, b));
    this.sum = 1 / this.model[this.modelLogits.indexOf(this.max)];
    this.modelEntropy = entropy(this.model);
    /** Ids by logit, the likeliest first. */
    this.order = sortDescending(this.logits);
    this.ranks = new Int32Array(this.logits.length);
    for (let i = 0; i < this.order.length; i++) this.ranks[this.order[i]] = i + 1;
  }

  /** Rank of a token by the model's logits, from 1; of equal logits the lower id ranks first. */
  modelRank(chosen) {
    const logit = this.modelLogits[chosen];
    let rank = 1;
    for (let id = 0; id < this.modelLogits.length; id++) {
      const x = this.modelLogits[id];
      if (x > logit || (x === logit && id < chosen)) rank++;
    }
    return rank;
  }
}
