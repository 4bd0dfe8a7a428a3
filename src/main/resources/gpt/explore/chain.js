"use strict";

// The sampling chain from the temperature on, as gpt.sampling.Candidates and Weight compute it, to
// the last bit: distances in float arithmetic (Math.fround), weights as whole numbers that a double
// holds, their sums as BigInt. Where Java selects without sorting, this sorts. Only min-p's
// logarithm is the browser's own, which may differ from Java's in its last digit.

/** Distances from 64 bits on, and those of ids that have left. */
const ABSENT = 2 ** 30;

/** A fraction that leaves everything in. */
const WHOLE = 2 ** 30;

/** A distance's unit is 2^-24 bits, as is the random number's. */
const PLACES = 2 ** 24;

/** A sort key is followed by the id, which is less than this. */
const MOST_IDS = 2 ** 18;

/** A float difference of two of these is finite. */
const MOST = Math.fround(1e38);

/** What may leave an id out; the index is what Chain.outBy holds, 0 for those that stay. */
const LEFT_OUT_BY = ["", "probability below 2⁻⁶⁴", "temperature 0", "top-k", "top-p", "min-p", "typical-p"];

/** One run of the chain over the logits of a step. */
class Chain {
  /**
   * @param coefficients of the polynomial that is 2^-t
   * @param logits as the temperature takes them, -Infinity for what is banned
   * @param settings temperature, topK, topP, minP, typicalP
   * @param random the random number, 0 to 2^24 - 1
   */
  constructor(coefficients, logits, settings, random) {
    this.coefficients = coefficients;
    this.size = logits.length;
    /** For each id 0, or why it is out: an index of LEFT_OUT_BY. */
    this.outBy = new Uint8Array(this.size);
    /** How many ids each step has left: pairs of its name and the number. */
    this.counts = [];
    if (settings.temperature === 0) {
      this.takeLikeliest(logits);
    } else {
      this.start(logits, settings.temperature);
      const all = this.sum();
      this.topK(settings.topK);
      this.topP(settings.topP);
      this.minP(settings.minP);
      this.typicalP(settings.typicalP);
      const rest = this.sum();
      /** The probability, after the temperature, of all that stay together. */
      this.mass = Number(rest) / Number(all);
      this.drawn = this.draw((rest * BigInt(random)) / BigInt(PLACES));
      const sum = Number(rest);
      /** For each id the probability that it is drawn with. */
      this.probabilities = this.weights.map((weight) => weight / sum);
    }
    this.count = this.countLeft();
  }

  takeLikeliest(logits) {
    this.drawn = logits.indexOf(logits.reduce((a, b) => Math.max(a, b)));
    this.outBy.fill(LEFT_OUT_BY.indexOf("temperature 0"));
    this.outBy[this.drawn] = 0;
    this.probabilities = new Float64Array(this.size);
    this.probabilities[this.drawn] = 1;
    this.mass = softmax(logits)[this.drawn];
  }

  /** Temperature: how many bits each id is less likely than the likeliest. */
  start(logits, temperature) {
    const bitsPerLogit = Math.fround(Math.min(Math.LOG2E / temperature, 1e30));
    const top = Math.min(logits.reduce((a, b) => Math.max(a, b)), MOST);
    this.distances = new Int32Array(this.size);
    this.weights = new Float64Array(this.size);
    for (let id = 0; id < this.size; id++) {
      const bits = Math.fround(Math.fround(top - Math.min(logits[id], MOST)) * bitsPerLogit);
      if (bits < 64) {
        this.distances[id] = Math.trunc(bits * PLACES);
        this.weights[id] = this.weight(this.distances[id]);
      } else {
        this.leave(id, 1);
      }
    }
  }

  /** The fewest of the least distance stay that are k, and those as far as the last of them. */
  topK(k) {
    if (k > 0) {
      const order = k < this.countLeft() ? inOrder(this.distances) : [];
      if (k < order.length) {
        this.keepUpTo(Math.floor(order[k - 1] / MOST_IDS), 3);
      }
      this.note(3);
    }
  }

  topP(p) {
    const fraction = Math.ceil(p * WHOLE);
    if (fraction < WHOLE) {
      this.reach(this.distances, fraction, 4);
      this.note(4);
    }
  }

  minP(p) {
    const limit = Math.min(Math.floor((-Math.log(p) / Math.LN2) * PLACES), ABSENT - 1);
    if (limit < ABSENT - 1) {
      this.keepUpTo(limit, 5);
      this.note(5);
    }
  }

  /** Those stay whose distance is nearest to the mean one, as few as reach p. */
  typicalP(p) {
    const fraction = Math.ceil(p * WHOLE);
    if (fraction === WHOLE) {
      return;
    }
    const weights = this.weights.map((weight) => Math.floor(weight / 2 ** 14));
    // In two parts, as exactSum takes no numbers beyond 2^45.
    const high = exactSum(weights.map((weight, id) => weight * (this.distances[id] >> 13)));
    const low = exactSum(weights.map((weight, id) => weight * (this.distances[id] & 0x1FFF)));
    const mean = Number(((high << 13n) + low) / exactSum(weights));
    const unusual = this.distances.map((distance) =>
      distance === ABSENT ? ABSENT : Math.abs(distance - mean));
    this.reach(unusual, fraction, 6);
    this.note(6);
  }

  /** The first id, in their order, at which the sum of the weights exceeds the target. */
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

  /** Keeps the fewest ids, in the order of their keys and then of the ids, that reach a part. */
  reach(keys, fraction, step) {
    const target = (this.sum() * BigInt(fraction) + BigInt(WHOLE - 1)) / BigInt(WHOLE);
    const order = inOrder(keys);
    let running = 0n;
    let at = 0;
    for (; running < target; at++) {
      running += BigInt(this.weights[order[at] % MOST_IDS]);
    }
    for (; at < order.length; at++) {
      this.leave(order[at] % MOST_IDS, step);
    }
  }

  keepUpTo(distance, step) {
    for (let id = 0; id < this.size; id++) {
      if (this.distances[id] !== ABSENT && this.distances[id] > distance) {
        this.leave(id, step);
      }
    }
  }

  leave(id, step) {
    this.distances[id] = ABSENT;
    this.weights[id] = 0;
    this.outBy[id] = step;
  }

  /** 2^(44 - q/2^24), rounded down. */
  weight(q) {
    const bits = q >> 24;
    if (bits >= 45) {
      return 0;
    }
    const t = q & (PLACES - 1);
    const [c1, c2, c3, c4, c5, c6] = this.coefficients;
    // No product passes 2^53: the last one is 2^54 times what 2^-t is less than 1, a half at most.
    let sum = c5 - Math.floor((c6 * t) / PLACES);
    sum = c4 - Math.floor((sum * t) / PLACES);
    sum = c3 - Math.floor((sum * t) / PLACES);
    sum = c2 - Math.floor((sum * t) / PLACES);
    sum = c1 - Math.floor((sum * t) / PLACES);
    const power = 2 ** 30 - Math.floor((sum * t) / PLACES);
    return Math.floor(power * 2 ** (14 - bits));
  }

  sum() {
    return exactSum(this.weights);
  }

  countLeft() {
    return this.outBy.reduce((count, step) => count + (step === 0 ? 1 : 0), 0);
  }

  note(step) {
    this.counts.push([LEFT_OUT_BY[step], this.countLeft()]);
  }
}

/** So many whole numbers up to 2^45 have a sum that a double holds exactly. */
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

/** Ids that are there in the order of their keys and then of the ids, as key * MOST_IDS + id. */
function inOrder(keys) {
  const order = new Float64Array(keys.length);
  let count = 0;
  for (let id = 0; id < keys.length; id++) {
    if (keys[id] !== ABSENT) {
      order[count++] = keys[id] * MOST_IDS + id;
    }
  }
  return order.subarray(0, count).sort();
}

/** exp(x - max) / sum of exp(x - max). */
function softmax(logits) {
  const max = logits.reduce((a, b) => Math.max(a, b));
  const powers = new Float64Array(logits).map((logit) => Math.exp(logit - max));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}
