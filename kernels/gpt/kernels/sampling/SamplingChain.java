package gpt.kernels.sampling;

import gpt.kernels.runtime.Pass;
import gpt.kernels.runtime.Sampling;
import gpt.kernels.runtime.Version;
import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * Chooses the next token of each row b from its logits l, in this order:
 *
 *   penalties, biases, bans   {@link LogitsProcessor}
 *   greedy        the lowest id with the largest l; the end if the temperature is 0
 *   temperature   q = ⌊(max l − l) · log₂(e) / temperature · 2²⁴⌋
 *   top-k         keeps the k smallest q, and those that equal the k-th
 *   top-p         keeps the fewest smallest q whose weights reach p of the sum of the weights
 *   min-p         keeps q up to a limit
 *   typical-p     keeps the fewest smallest |q − mean q| whose weights reach p of the sum
 *   draw          the first id at which the running sum of the weights exceeds random · sum
 *
 * and makes it the next step's row, at the next position of the same slot:
 *
 *   chosen[b], tokens[b] = id,  positions[b] += 1,  parameters[slot, STEP] += 1,  seen[slot, id] += 1
 *
 * A row whose logits have a NaN or +∞, are all −∞, or are all banned gets a negative status of
 * {@link Sampling} instead of an id.
 *
 * q is the token's distance: −log₂ of its probability relative to the likeliest token, with 24 fractional
 * bits; from 64 bits on the token counts as masked. Its weight is 2^(−q / 2²⁴), its unnormalized
 * probability, in units of 2⁻⁴⁴ as a 64-bit integer ({@link FixedPoint}). A sum of integers does not
 * depend on the order of summation, so from the same logits every device, with any grid, and the host
 * ({@code gpt.sampling}) choose the same token. Sums are of the tokens that the filters before keep; top-k,
 * top-p, typical-p and the draw each find the place where they end by a {@link RadixSelect}.
 *
 * shapes    logits (rows, V) · seen, bias (slots, V) · parameters, factors: {@link Sampling} ·
 *           distances (B, V), scratch memory · chosen, tokens, positions (B)
 * bound     latency: one workgroup reads 4·V bytes, 201 kB for GPT-2, in each pass: two over the logits,
 *           then about six over the distances for top-k and five for the draw; 8 kB are in flight.
 *           72 registers on sm_90, no spills, 30 kB of local memory
 * threads   a workgroup for each row, whose barriers replace launches. Work item i has the ids i, i + group,
 *           …, in all passes: it alone reads the distances that it writes, and no barrier orders them
 * example   l = 3, 2, 1, 0 at temperature 1: distances 0, 1.443, 2.885, 4.328 bits, weights 1, 0.368, 0.135,
 *           0.050. Top-k 2 keeps the first two, whose sum is 1.368; the random number 0.8 is the point
 *           1.094, which the running sums 1 and 1.368 exceed at the second id
 * </pre>
 *
 * <ul>
 *   <li>{@code rowPerThread}: one work item a row; for CPU devices, where barriers are expensive.
 *       On PoCL 1.2 to 3 times as fast as a kernel for each sum.
 *   <li>{@code rowPerGroup}: 256 work items a row.
 * </ul>
 *
 * <p>Rejected: a kernel for each sum, with several workgroups a row. No barrier reaches across
 * them, so a token took 20 launches with top-k, 53 with every filter and log-probabilities. A graph
 * for each combination of filters: branches on parameters cost nothing, since all work items of a
 * row take the same. Histograms by {@code atomicAdd} in local memory: TornadoVM ignores the index.
 *
 * <p>Read before: {@link gpt.kernels.CrossEntropy}, {@link Workgroup}. After: {@link RadixSelect}.
 *
 * <p>Source: Fan and others, 2018 (top-k); Holtzman and others, 2020 (top-p); Nguyen and others,
 * 2024 (min-p); Meister and others, 2022 (typical-p); FlashInfer (sampling in one kernel). Test:
 * {@code SamplingTest}, {@code DeviceSamplerTest}. Benchmark: {@code scripts/bench --operations
 * sampling-chain,sampling-chain-all}.
 */
public final class SamplingChain {
  private static final int LOADS = RadixSelect.LOADS;

  /** Logits are clamped to this, so that the difference of two is finite. */
  private static final float LOGIT_CLAMP = 1e38f;

  /** Tokens from this many bits on are masked. */
  private static final float MAX_BITS = 64;

  /** Low bits of a weight that the mean drops, so that Σ weight · q fits a long. */
  private static final int WEIGHT_SHIFT = 14;

  /** Low bits of a distance, which the mean sums separately, for the same reason. */
  private static final int LOW_BITS = 13;

  private static final int LOW_MASK = (1 << LOW_BITS) - 1;

  static void chooseToken(
      KernelContext context,
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      FloatArray factors,
      FloatArray logits,
      IntArray seen,
      FloatArray bias,
      IntArray distances,
      IntArray chosen,
      IntArray tokens,
      IntArray positions,
      int vocabSize,
      int group) {
    int b = context.groupIdx;
    int lane = context.localIdx;
    if (b < pass.get(Pass.DRAWN_ROWS)) {
      int row = b * vocabSize;
      int slot = slotOf.get(b);
      int p = slot * Sampling.PARAMETERS;
      int processes = LogitsProcessor.isOn(parameters, p);
      float[] loaded = new float[LOADS];

      // Penalties, biases and bans: the largest logit, and whether a token can be chosen.
      float lanesLargest = Sampling.MASKED_LOGIT;
      float lanesBefore = Sampling.MASKED_LOGIT;
      int lanesStatus = 0;
      for (int tile = lane; tile < vocabSize; tile += LOADS * group) {
        for (int i = 0; i < LOADS; i++) {
          loaded[i] = logit(logits, row, tile + i * group, vocabSize);
        }
        for (int i = 0; i < LOADS; i++) {
          float value = loaded[i];
          lanesStatus = Math.min(lanesStatus, Sampling.logitStatus(value));
          lanesBefore = larger(lanesBefore, value);
          if (processes == 1) {
            value =
                LogitsProcessor.processed(
                    value, tile + i * group, slot, parameters, factors, seen, bias, vocabSize);
          }
          lanesLargest = larger(lanesLargest, value);
        }
      }
      float largest = Workgroup.largest(context, group, lanesLargest);
      float largestBefore = Workgroup.largest(context, group, lanesBefore);
      int logitStatus = Workgroup.smallest(context, group, lanesStatus);
      int status = status(logitStatus, largestBefore, largest);

      // Temperature: the distances. Greedy: the lowest id with the largest logit.
      float bitsPerLogit = factors.get(slot * Sampling.FACTORS + Sampling.BITS_PER_LOGIT);
      int lanesGreedy = vocabSize;
      for (int tile = lane; tile < vocabSize; tile += LOADS * group) {
        for (int i = 0; i < LOADS; i++) {
          loaded[i] = logit(logits, row, tile + i * group, vocabSize);
        }
        for (int i = 0; i < LOADS; i++) {
          int id = tile + i * group;
          if (id < vocabSize) {
            float value = loaded[i];
            if (processes == 1) {
              value =
                  LogitsProcessor.processed(
                      value, id, slot, parameters, factors, seen, bias, vocabSize);
            }
            if (value == largest) {
              lanesGreedy = Math.min(lanesGreedy, id);
            }
            distances.set(row + id, distance(largest, value, bitsPerLogit));
          }
        }
      }
      int id = Workgroup.smallest(context, group, lanesGreedy);

      if (status < 0) {
        id = status;
      } else {
        if (parameters.get(p + Sampling.GREEDY) == 0) {
          // The filters and the draw. Top-k, top-p and min-p keep the smallest distances: all
          // tokens up to the place `last`.
          long last = RadixSelect.ALL;
          for (int purpose = RadixSelect.TOP_K; purpose <= RadixSelect.DRAW; purpose++) {
            int setting = setting(purpose, parameters, p);
            if (setting >= 0) {
              int mean = 0;
              if (purpose == RadixSelect.TYPICAL_P) {
                mean = meanDistance(context, distances, row, vocabSize, last, group);
              }
              long threshold =
                  RadixSelect.threshold(
                      context, distances, row, vocabSize, purpose, mean, last, setting, group);
              if (purpose == RadixSelect.TOP_K) {
                last = RadixSelect.lastOfKey(threshold); // keeps ties
              }
              if (purpose == RadixSelect.TOP_P) {
                last = threshold;
              }
              if (purpose == RadixSelect.TYPICAL_P) {
                mask(distances, row, vocabSize, mean, threshold, lane, group);
              }
              if (purpose == RadixSelect.DRAW) {
                id = (int) threshold;
              }
            }
            if (purpose == RadixSelect.TOP_P) { // then min-p
              long limit = RadixSelect.place(parameters.get(p + Sampling.MIN_P), 0);
              last = RadixSelect.smaller(last, RadixSelect.lastOfKey(limit));
            }
          }
        }
      }

      // The next step's row. All work items read what the first one replaces: PoCL 3.1 can lose an
      // `if` behind a loop with a barrier, and then all store the same.
      int position = positions.get(b) + 1;
      int nextStep = parameters.get(p + Sampling.STEP) + 1;
      int counted = 0;
      if (id >= 0) {
        counted = seen.get(slot * vocabSize + id) + parameters.get(p + Sampling.PENALTIES);
      }
      context.globalBarrier();
      if (lane == 0) {
        chosen.set(b, id);
        if (id >= 0) {
          tokens.set(b, id);
          positions.set(b, position);
          parameters.set(p + Sampling.STEP, nextStep);
          seen.set(slot * vocabSize + id, counted);
        }
      }
    }
  }

  /** A row's logit; masked beyond the end of the vocabulary. */
  static float logit(FloatArray logits, int row, int id, int vocabSize) {
    float logit = Sampling.MASKED_LOGIT;
    if (id < vocabSize) {
      logit = logits.get(row + id);
    }
    return logit;
  }

  static float larger(float a, float b) {
    float larger = a;
    if (b > a) {
      larger = b;
    }
    return larger;
  }

  /** 0, or a negative status if no token can be chosen. */
  static int status(int logitStatus, float largestBefore, float largest) {
    int status = logitStatus;
    if (status == 0) {
      if (largestBefore < Sampling.MIN_LOGIT) {
        status = Sampling.NO_FINITE;
      } else {
        if (largest < Sampling.MIN_LOGIT) {
          status = Sampling.ALL_BANNED;
        }
      }
    }
    return status;
  }

  /** The distance of a token from the one with the largest logit. */
  static int distance(float largest, float value, float bitsPerLogit) {
    int q = Sampling.MASKED_DISTANCE;
    if (value >= Sampling.MIN_LOGIT) {
      float difference = Math.min(largest, LOGIT_CLAMP) - Math.min(value, LOGIT_CLAMP);
      float bits = difference * bitsPerLogit;
      if (bits < MAX_BITS) {
        q = (int) (bits * 0x1p24f);
      }
    }
    return q;
  }

  /**
   * The mean distance of the tokens up to a place, by weight: Σ weight · q / Σ weight, rounded
   * down. It stands for the entropy in typical-p: with S the sum of the weights, a token's
   * information is −log₂ p = q + log₂ S, and the entropy is the mean of that, so S cancels in the
   * difference.
   */
  private static int meanDistance(
      KernelContext context, IntArray distances, int row, int vocabSize, long last, int group) {
    long high = 0; // in units of 2^LOW_BITS
    long low = 0;
    long sum = 0;
    for (int id = context.localIdx; id < vocabSize; id += group) {
      int q = distances.get(row + id);
      if (RadixSelect.place(q, id) <= last) {
        long weight = FixedPoint.weight(q) >> WEIGHT_SHIFT;
        high += weight * (q >> LOW_BITS);
        low += weight * (q & LOW_MASK);
        sum += weight;
      }
    }
    high = Workgroup.total(context, group, high);
    low = Workgroup.total(context, group, low);
    sum = Workgroup.total(context, group, sum);
    long whole = high / sum;
    long remainder = ((high - whole * sum) << LOW_BITS) + low;
    return (int) ((whole << LOW_BITS) + remainder / sum);
  }

  /** Masks the tokens behind typical-p's threshold. */
  private static void mask(
      IntArray distances, int row, int vocabSize, int mean, long threshold, int lane, int group) {
    for (int id = lane; id < vocabSize; id += group) {
      int key = RadixSelect.key(RadixSelect.TYPICAL_P, distances.get(row + id), mean);
      if (RadixSelect.place(key, id) > threshold) {
        distances.set(row + id, Sampling.MASKED_DISTANCE);
      }
    }
  }

  /** A filter's k or p, or the draw's random number; −1 if the filter is off. */
  private static int setting(int purpose, IntArray parameters, int p) {
    int setting = -1;
    if (purpose == RadixSelect.TOP_K) {
      setting = parameters.get(p + Sampling.TOP_K);
      if (setting == 0) {
        setting = -1;
      }
    }
    if (purpose == RadixSelect.TOP_P) {
      setting = parameters.get(p + Sampling.TOP_P);
    }
    if (purpose == RadixSelect.TYPICAL_P) {
      setting = parameters.get(p + Sampling.TYPICAL_P);
    }
    if (setting == Sampling.FRACTION_ONE) {
      setting = -1;
    }
    if (purpose == RadixSelect.DRAW) {
      setting =
          FixedPoint.random(
              parameters.get(p + Sampling.SEED_LOW),
              parameters.get(p + Sampling.SEED_HIGH),
              parameters.get(p + Sampling.SAMPLE),
              parameters.get(p + Sampling.STEP));
    }
    return setting;
  }

  // Plumbing: arguments, tasks and grids.

  /**
   * Arguments of a launch.
   *
   * @param pass see {@link Pass}; logit row b is row b
   * @param slotOf slot of each row, whose parameters apply (B)
   * @param parameters (slots, PARAMETERS); see {@link Sampling}; STEP is updated
   * @param factors (slots, FACTORS)
   * @param logits (LOGIT_ROWS, V)
   * @param seen (slots, V): {@link Sampling#COUNT_MASK} and {@link Sampling#IN_PROMPT}; updated
   * @param bias (slots, V); −∞ bans a token
   * @param distances (B, V), overwritten
   * @param chosen token ids or statuses (B), the result
   * @param tokens token ids (R), a result
   * @param positions (R), updated
   * @param vocabSize V
   */
  public record Arguments(
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      FloatArray factors,
      FloatArray logits,
      IntArray seen,
      FloatArray bias,
      IntArray distances,
      IntArray chosen,
      IntArray tokens,
      IntArray positions,
      int vocabSize) {}

  /** One row a work item. */
  public static final Version<Arguments> ROW_PER_THREAD =
      version("rowPerThread", Version.Target.CPU, 1);

  /** One row a workgroup. */
  public static final Version<Arguments> ROW_PER_GROUP =
      version("rowPerGroup", Version.Target.GPU, Workgroup.MAX);

  /** All versions. */
  public static final List<Version<Arguments>> VERSIONS = List.of(ROW_PER_THREAD, ROW_PER_GROUP);

  private SamplingChain() {}

  private static Version<Arguments> version(String name, Version.Target target, int group) {
    return new Version<>(
        name,
        target,
        (graph, id, a) ->
            graph.task(
                id,
                SamplingChain::chooseToken,
                new KernelContext(),
                a.pass,
                a.slotOf,
                a.parameters,
                a.factors,
                a.logits,
                a.seen,
                a.bias,
                a.distances,
                a.chosen,
                a.tokens,
                a.positions,
                a.vocabSize,
                group),
        (a, rows) -> Version.groups(rows, group));
  }
}
