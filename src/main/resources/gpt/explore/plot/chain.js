// The sampling chain from the temperature on, with the same bits as gpt.sampling.Candidates and
// Weight. An id's distance is the fixed-point -log2 of its probability relative to the likeliest
// id, computed in float arithmetic (Math.fround); its weight is a whole number that a double holds
// exactly; sums of weights are BigInt. Java uses radix select; this walks the ids in the order of
// their logits, which is that of their distances too. Top-k needs no weights, so it comes before
// they are computed. Only min-p's logarithm is the browser's and
// may differ from Java's in its last digit.

/** Distance of ids that are removed, and of those below a probability of 2^-64. */
const MASKED_DISTANCE = 2 ** 30;

/** The fixed-point fraction 1, which removes nothing. */
const FRACTION_ONE = 2 ** 30;

/** Units per bit of a distance, and per 1 of the random number. */
export const UNITS = 2 ** 24;
const PER_UNIT = 1 / UNITS;

/** Sort keys hold a value and an id: value * MAX_VOCAB_SIZE + id. */
const MAX_VOCAB_SIZE = 2 ** 18;

/** Logits are clamped to this, so that their difference is a finite float. */
const LOGIT_CLAMP = Math.fround(1e38);

/** 2^(14 - bits): the weight of a probability of 2^-bits, in units of 2^-30 of it. */
const POWERS = Float64Array.from({ length: 45 }, (_, bits) => 2 ** (14 - bits));

/** A double holds the sum of this many weights exactly. */
const BLOCK = 256;

/** What removes an id. Chain.removedBy holds indices of this list, 0 for ids that are kept. */
export const REMOVED_BY = ["", "probability below 2⁻⁶⁴", "temperature 0", "top-k", "top-p", "min-p", "typical-p"];

/** Settings with which the filters remove nothing. */
export const FILTERS_OFF = { top_k: 0, top_p: 1, min_p: 0, typical_p: 1 };

/** The sampling chain for the logits of a step. Its arrays are reused from one result to the next. */
export class Chain {
  /**
   * @param coefficients of the polynomial for 2^-t
   * @param logits after penalties and biases, -Infinity for banned ids
   * @param order all ids by descending logit
   */
  constructor(coefficients, logits, order) {
    this.coefficients = coefficients;
    this.logits = logits;
    this.order = order;
    this.size = logits.length;
    /** For each id 0, or what removed it: an index of REMOVED_BY. */
    this.removedBy = new Uint8Array(this.size);
    /** For each id the probability to be drawn. */
    this.probabilities = new Float64Array(this.size);
    this.distances = new Int32Array(this.size);
    this.weights = new Float64Array(this.size);
  }

  /**
   * Computes the result of these settings.
   *
   * @param settings temperature, and those of FILTERS_OFF
   * @param random the random number, 0 to 2^24 - 1
   */
  apply(settings, random) {
    this.temperature = settings.temperature;
    /** For each filter that is on: its name and the number of ids left. */
    this.counts = [];
    this.knownMass = null;
    if (this.temperature === 0) {
      this.argmax();
      return this;
    }
    this.applyTemperature();
    this.topK(settings.top_k);
    this.computeWeights();
    this.topP(settings.top_p);
    this.minP(settings.min_p);
    this.typicalP(settings.typical_p);
    this.count = this.kept.length;
    this.keptSum = this.draw(random);
    const sum = Number(this.keptSum);
    for (let id = 0; id < this.size; id++) {
      this.probabilities[id] = this.keptWeight(id) / sum;
    }
    return this;
  }

  argmax() {
    this.drawn = this.order[0];
    this.removedBy.fill(REMOVED_BY.indexOf("temperature 0"));
    this.removedBy[this.drawn] = 0;
    this.probabilities.fill(0);
    this.probabilities[this.drawn] = 1;
    this.kept = this.order.subarray(0, 1);
    this.count = 1;
  }

  /** Total probability of the kept ids, after the temperature and before the filters. */
  get mass() {
    this.knownMass ??= this.temperature === 0
      ? softmax(this.logits)[this.drawn]
      : Number(this.keptSum) / Number(exactSum(this.order, (id) => this.weight(this.distance(id))));
    return this.knownMass;
  }

  /** Divides the logits by the temperature, which removes ids with a probability below 2^-64. */
  applyTemperature() {
    this.bitsPerLogit = Math.fround(Math.min(Math.LOG2E / this.temperature, 1e30));
    this.top = Math.min(this.logits[this.order[0]], LOGIT_CLAMP);
    this.removedBy.fill(0);
    /** The ids that are kept, by ascending distance. */
    this.kept = this.order;
    this.removeBeyond(MASKED_DISTANCE - 1, 1);
  }

  /** The fixed-point -log2 of an id's probability relative to the likeliest id. */
  distance(id) {
    const difference = Math.fround(this.top - Math.min(this.logits[id], LOGIT_CLAMP));
    const bits = Math.fround(difference * this.bitsPerLogit);
    return bits < 64 ? Math.trunc(bits * UNITS) : MASKED_DISTANCE;
  }

  /** Keeps the k likeliest ids, and ids as likely as the last of them. */
  topK(k) {
    if (k > 0) {
      if (k < this.kept.length) {
        this.removeBeyond(this.distance(this.kept[k - 1]), 3);
      }
      this.recordCount(3);
    }
  }

  /**
   * Computes distances and weights of the kept ids, which the other filters need; not again for the
   * same temperature and ids.
   */
  computeWeights() {
    const weighed = `${this.temperature} ${this.kept.length}`;
    if (this.weighed === weighed) return;
    this.weighed = weighed;
    for (let id = 0; id < this.size; id++) {
      if (this.removedBy[id] === 0) {
        this.distances[id] = this.distance(id);
        this.weights[id] = this.weight(this.distances[id]);
      }
    }
  }

  keptWeight(id) {
    return this.removedBy[id] === 0 ? this.weights[id] : 0;
  }

  topP(p) {
    const fraction = Math.ceil(p * FRACTION_ONE);
    if (fraction < FRACTION_ONE) {
      this.keepSmallest(this.kept, this.distances, fraction, 4);
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
    // In two parts, since exactSum needs numbers up to 2^45.
    const small = (id) => Math.floor(this.weights[id] / 2 ** 14);
    const high = exactSum(this.kept, (id) => small(id) * (this.distances[id] >> 13));
    const low = exactSum(this.kept, (id) => small(id) * (this.distances[id] & 0x1FFF));
    const mean = Number(((high << 13n) + low) / exactSum(this.kept, small));
    const deviations = new Float64Array(this.size);
    for (const id of this.kept) {
      deviations[id] = Math.abs(this.distances[id] - mean);
    }
    const order = nearestFirst(this.kept, this.distances, mean);
    this.keepSmallest(order, deviations, fraction, 6);
    this.recordCount(6);
  }

  /**
   * Draws the first id at which the running sum of the weights exceeds the random number's share
   * of their sum, which it returns.
   */
  draw(random) {
    const blocks = [];
    for (let from = 0; from < this.size; from += BLOCK) {
      const to = Math.min(from + BLOCK, this.size);
      let block = 0;
      for (let id = from; id < to; id++) block += this.keptWeight(id);
      blocks.push(BigInt(block));
    }
    const sum = blocks.reduce((a, b) => a + b);
    const target = (sum * BigInt(random)) / BigInt(UNITS);
    let running = 0n;
    let block = 0;
    while (running + blocks[block] <= target) running += blocks[block++];
    let id = block * BLOCK;
    for (running += BigInt(this.keptWeight(id)); running <= target; running += BigInt(this.keptWeight(id))) id++;
    this.drawn = id;
    return sum;
  }

  /**
   * Keeps the fewest ids whose weights reach a fraction of the sum, smallest values first, of equal
   * values the lower ids.
   *
   * @param order the kept ids by ascending value
   */
  keepSmallest(order, values, fraction, step) {
    const target = (this.sum() * BigInt(fraction) + BigInt(FRACTION_ONE - 1)) / BigInt(FRACTION_ONE);
    const count = this.shortestPrefix(order, target);
    const boundary = values[order[count - 1]];
    let first = count - 1;
    while (first > 0 && values[order[first - 1]] === boundary) first--;
    let end = count;
    while (end < order.length && values[order[end]] === boundary) end++;
    const equal = order.slice(first, end).sort(); // equal values have equal weights
    for (let i = count - first; i < equal.length; i++) this.removedBy[equal[i]] = step;
    for (let i = end; i < order.length; i++) this.removedBy[order[i]] = step;
    this.kept = this.kept.filter((id) => this.removedBy[id] === 0);
  }

  /** The number of ids from the first on whose weights reach the target. */
  shortestPrefix(order, target) {
    let running = 0n;
    let count = 0;
    for (; ; count += BLOCK) {
      let block = 0;
      const to = Math.min(count + BLOCK, order.length);
      for (let i = count; i < to; i++) {
        block += this.weights[order[i]];
      }
      if (running + BigInt(block) >= target) break;
      running += BigInt(block);
    }
    for (; running < target; count++) {
      running += BigInt(this.weights[order[count]]);
    }
    return count;
  }

  /** Removes the ids with a larger distance: the last of the kept ones. */
  removeBeyond(distance, step) {
    let count = 0;
    for (let end = this.kept.length; count < end;) {
      const middle = (count + end) >> 1;
      if (this.distance(this.kept[middle]) > distance) end = middle;
      else count = middle + 1;
    }
    for (let i = count; i < this.kept.length; i++) this.removedBy[this.kept[i]] = step;
    this.kept = this.kept.subarray(0, count);
  }

  /** 2^(44 - q/2^24), rounded down. */
  weight(q) {
    const bits = q >> 24;
    if (bits >= 45) {
      return 0;
    }
    const t = (q & (UNITS - 1)) * PER_UNIT;
    const c = this.coefficients;
    // Products are exact, below 2^53 units of t: the last one is 2^54 * (1 - 2^-t), where 1 - 2^-t < 1/2.
    let sum = c[4] - Math.trunc(c[5] * t);
    sum = c[3] - Math.trunc(sum * t);
    sum = c[2] - Math.trunc(sum * t);
    sum = c[1] - Math.trunc(sum * t);
    sum = c[0] - Math.trunc(sum * t);
    return Math.floor((2 ** 30 - Math.trunc(sum * t)) * POWERS[bits]);
  }

  sum() {
    return exactSum(this.kept, (id) => this.weights[id]);
  }

  recordCount(step) {
    this.counts.push([REMOVED_BY[step], this.kept.length]);
  }
}

/** The sum of a whole number up to 2^45 for each id, as BigInt. */
function exactSum(ids, number) {
  let total = 0n;
  for (let from = 0; from < ids.length; from += BLOCK) {
    const to = Math.min(from + BLOCK, ids.length);
    let sum = 0;
    for (let i = from; i < to; i++) {
      sum += number(ids[i]);
    }
    total += BigInt(sum);
  }
  return total;
}

/** Merges the ids below and above a mean: ids by the distance's deviation from it. */
function nearestFirst(ids, distances, mean) {
  const merged = new Int32Array(ids.length);
  let above = 0;
  while (above < ids.length && distances[ids[above]] < mean) above++;
  let below = above - 1;
  for (let i = 0; i < merged.length; i++) {
    const takeBelow = above === ids.length
      || (below >= 0 && mean - distances[ids[below]] <= distances[ids[above]] - mean);
    merged[i] = takeBelow ? ids[below--] : ids[above++];
  }
  return merged;
}

/** exp(x - max) / sum of exp(x - max). */
export function softmax(logits) {
  let max = -Infinity;
  for (let i = 0; i < logits.length; i++) max = Math.max(max, logits[i]);
  const powers = new Float64Array(logits.length);
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += powers[i] = Math.exp(logits[i] - max);
  for (let i = 0; i < logits.length; i++) powers[i] /= sum;
  return powers;
}

/** Ids by descending value; of equal values the lower id comes first. */
export function sortDescending(values) {
  const bits = new Int32Array(values.map((value) => value + 0).buffer); // -0 becomes 0
  const keys = new Float64Array(values.length);
  for (let id = 0; id < keys.length; id++) {
    const b = bits[id];
    keys[id] = (b < 0 ? -(b & 0x7fffffff) : b) * -MAX_VOCAB_SIZE + id;
  }
  keys.sort();
  const ids = new Int32Array(values.length);
  for (let i = 0; i < ids.length; i++) {
    ids[i] = ((keys[i] % MAX_VOCAB_SIZE) + MAX_VOCAB_SIZE) % MAX_VOCAB_SIZE;
  }
  return ids;
}
