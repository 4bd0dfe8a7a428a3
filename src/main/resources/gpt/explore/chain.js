"use strict";

// The sampling chain from the temperature on, with the same bits as gpt.sampling.Candidates and
// Weight. An id's distance is the fixed-point -log2 of its probability relative to the likeliest
// id, computed in float arithmetic (Math.fround); its weight is a whole number that a double holds
// exactly; sums of weights are BigInt. Java uses radix select where this sorts. Only min-p's
// logarithm is the browser's and may differ from Java's in its last digit.

/** Distance of ids that are removed, and of those below a probability of 2^-64. */
const MASKED_DISTANCE = 2 ** 30;

/** The fixed-point fraction 1, which removes nothing. */
const FRACTION_ONE = 2 ** 30;

/** Units per bit of a distance, and per 1 of the random number. */
const UNITS = 2 ** 24;

/** Sort keys hold a value and an id: value * MAX_VOCAB_SIZE + id. */
const MAX_VOCAB_SIZE = 2 ** 18;

/** Logits are clamped to this, so that their difference is a finite float. */
const LOGIT_CLAMP = Math.fround(1e38);

/** What removes an id. Chain.removedBy holds indices of this list, 0 for ids that are kept. */
const REMOVED_BY = ["", "probability below 2⁻⁶⁴", "temperature 0", "top-k", "top-p", "min-p", "typical-p"];

/** The result of the sampling chain for the logits of a step. */
class Chain {
  /**
   * @param coefficients of the polynomial for 2^-t
   * @param logits after penalties and biases, -Infinity for banned ids
   * @param settings temperature, topK, topP, minP, typicalP
   * @param random the random number, 0 to 2^24 - 1
   */
  constructor(coefficients, logits, settings, random) {
    this.coefficients = coefficients;
    this.size = logits.length;
    /** For each id 0, or what removed it: an index of REMOVED_BY. */
    this.removedBy = new Uint8Array(this.size);
    /** For each filter that is on: its name and the number of ids left. */
    this.counts = [];
    if (settings.temperature === 0) {
      this.argmax(logits);
    } else {
      this.applyTemperature(logits, settings.temperature);
      const all = this.sum();
      this.topK(settings.topK);
      this.topP(settings.topP);
      this.minP(settings.minP);
      this.typicalP(settings.typicalP);
      const kept = this.sum();
      /** Total probability of the kept ids, after the temperature and before the filters. */
      this.mass = Number(kept) / Number(all);
      this.drawn = this.draw((kept * BigInt(random)) / BigInt(UNITS));
      const sum = Number(kept);
      /** For each id the probability to be drawn. */
      this.probabilities = this.weights.map((weight) => weight / sum);
    }
    this.count = this.countKept();
  }

  argmax(logits) {
    this.drawn = logits.indexOf(logits.reduce((a, b) => Math.max(a, b)));
    this.removedBy.fill(REMOVED_BY.indexOf("temperature 0"));
    this.removedBy[this.drawn] = 0;
    this.probabilities = new Float64Array(this.size);
    this.probabilities[this.drawn] = 1;
    this.mass = softmax(logits)[this.drawn];
  }

  /** Divides the logits by the temperature and computes distances and weights. */
  applyTemperature(logits, temperature) {
    const bitsPerLogit = Math.fround(Math.min(Math.LOG2E / temperature, 1e30));
    const top = Math.min(logits.reduce((a, b) => Math.max(a, b)), LOGIT_CLAMP);
    this.distances = new Int32Array(this.size);
    this.weights = new Float64Array(this.size);
    for (let id = 0; id < this.size; id++) {
      const bits = Math.fround(Math.fround(top - Math.min(logits[id], LOGIT_CLAMP)) * bitsPerLogit);
      if (bits < 64) {
        this.distances[id] = Math.trunc(bits * UNITS);
        this.weights[id] = this.weight(this.distances[id]);
      } else {
        this.remove(id, 1);
      }
    }
  }

  /** Keeps the k likeliest ids, and ids as likely as the last of them. */
  topK(k) {
    if (k > 0) {
      const order = k < this.countKept() ? sortKeys(this.distances) : [];
      if (k < order.length) {
        this.removeBeyond(Math.floor(order[k - 1] / MAX_VOCAB_SIZE), 3);
      }
      this.recordCount(3);
    }
  }

  topP(p) {
    const fraction = Math.ceil(p * FRACTION_ONE);
    if (fraction < FRACTION_ONE) {
      this.keepSmallest(this.distances, fraction, 4);
      this.recordCount(4);
    }
  }

  minP(p) {
    const limit = Math.min(Math.floor((-Math.log(p) / Math.LN2) * UNITS), MASKED_DISTANCE - 1);
    if (limit < MASKED_DISTANCE - 1) {
      this.removeBeyond(limit, 5);
      this.recordCount(5);
    }
  }

  /** Keeps the fewest ids that reach p, in the order of their distance's deviation from the mean. */
  typicalP(p) {
    const fraction = Math.ceil(p * FRACTION_ONE);
    if (fraction === FRACTION_ONE) {
      return;
    }
    const weights = this.weights.map((weight) => Math.floor(weight / 2 ** 14));
    // In two parts, since exactSum needs numbers up to 2^45.
    const high = exactSum(weights.map((weight, id) => weight * (this.distances[id] >> 13)));
    const low = exactSum(weights.map((weight, id) => weight * (this.distances[id] & 0x1FFF)));
    const mean = Number(((high << 13n) + low) / exactSum(weights));
    const deviations = this.distances.map((distance) =>
      distance === MASKED_DISTANCE ? MASKED_DISTANCE : Math.abs(distance - mean));
    this.keepSmallest(deviations, fraction, 6);
    this.recordCount(6);
  }

  /** The first id at which the running sum of the weights exceeds the target. */
  draw(target) {
    let running = 0n;
    for (let from = 0; ; from += BLOCK) {
      const block = this.weights.subarray(from, from + BLOCK);
      const after = running + exactSum(block);
      if (after > target) {
        let id = from;
        for (running += BigInt(block[0]); running <= target; running += BigInt(this.weights[id])) {
          id++;
        }
        return id;
      }
      running = after;
    }
  }

  /** Keeps the fewest ids whose weights reach a fraction of the sum, smallest values first. */
  keepSmallest(values, fraction, step) {
    const target = (this.sum() * BigInt(fraction) + BigInt(FRACTION_ONE - 1)) / BigInt(FRACTION_ONE);
    const order = sortKeys(values);
    let running = 0n;
    let at = 0;
    for (; running < target; at++) {
      running += BigInt(this.weights[order[at] % MAX_VOCAB_SIZE]);
    }
    for (; at < order.length; at++) {
      this.remove(order[at] % MAX_VOCAB_SIZE, step);
    }
  }

  removeBeyond(distance, step) {
    for (let id = 0; id < this.size; id++) {
      if (this.distances[id] !== MASKED_DISTANCE && this.distances[id] > distance) {
        this.remove(id, step);
      }
    }
  }

  remove(id, step) {
    this.distances[id] = MASKED_DISTANCE;
    this.weights[id] = 0;
    this.removedBy[id] = step;
  }

  /** 2^(44 - q/2^24), rounded down. */
  weight(q) {
    const bits = q >> 24;
    if (bits >= 45) {
      return 0;
    }
    const t = q & (UNITS - 1);
    const [c1, c2, c3, c4, c5, c6] = this.coefficients;
    // Products are exact, below 2^53: the last one is 2^54 * (1 - 2^-t), where 1 - 2^-t < 1/2.
    let sum = c5 - Math.floor((c6 * t) / UNITS);
    sum = c4 - Math.floor((sum * t) / UNITS);
    sum = c3 - Math.floor((sum * t) / UNITS);
    sum = c2 - Math.floor((sum * t) / UNITS);
    sum = c1 - Math.floor((sum * t) / UNITS);
    const power = 2 ** 30 - Math.floor((sum * t) / UNITS);
    return Math.floor(power * 2 ** (14 - bits));
  }

  sum() {
    return exactSum(this.weights);
  }

  countKept() {
    return this.removedBy.reduce((count, step) => count + (step === 0 ? 1 : 0), 0);
  }

  recordCount(step) {
    this.counts.push([REMOVED_BY[step], this.countKept()]);
  }
}

/** A double holds the sum of this many whole numbers up to 2^45 exactly. */
const BLOCK = 256;

/** The sum of whole numbers up to 2^45, as BigInt. */
function exactSum(numbers) {
  let total = 0n;
  for (let from = 0; from < numbers.length; from += BLOCK) {
    const to = Math.min(from + BLOCK, numbers.length);
    let sum = 0;
    for (let i = from; i < to; i++) {
      sum += numbers[i];
    }
    total += BigInt(sum);
  }
  return total;
}

/** Sorted keys value * MAX_VOCAB_SIZE + id of the ids that are not masked. */
function sortKeys(values) {
  const keys = new Float64Array(values.length);
  let count = 0;
  for (let id = 0; id < values.length; id++) {
    if (values[id] !== MASKED_DISTANCE) {
      keys[count++] = values[id] * MAX_VOCAB_SIZE + id;
    }
  }
  return keys.subarray(0, count).sort();
}

/** exp(x - max) / sum of exp(x - max). */
function softmax(logits) {
  const max = logits.reduce((a, b) => Math.max(a, b));
  const powers = new Float64Array(logits).map((logit) => Math.exp(logit - max));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}
