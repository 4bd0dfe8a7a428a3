package gpt.backend.tornado;

import gpt.kernels.runtime.Sampling;
import gpt.kernels.sampling.SamplingStart;
import gpt.kernels.sampling.TopTokens;
import gpt.sampling.ChainConstants;
import gpt.sampling.Drawing;
import gpt.sampling.History;
import gpt.sampling.InvalidLogitsException;
import gpt.sampling.Logprobs;
import gpt.sampling.SamplingParameters;
import java.util.List;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * The sampling chain's arrays on the device. Only the two requests are uploaded, once for each
 * sequence.
 */
final class SamplingBuffers {
  final int vocabSize;

  final IntArray intRequest; // from the host; see SamplingStart
  final FloatArray floatRequest;
  final IntArray parameters; // (B, PARAMETERS); see Sampling
  final FloatArray factors; // (B, FACTORS)
  final IntArray seen; // (B, V)
  final FloatArray bias; // (B, V)
  final IntArray distances; // (B, V): see SamplingChain
  final int logprobs; // N: most log-probabilities for each token
  final IntArray top; // (B, 4 + 2·N); see TopTokens

  /**
   * Allocates the host-side arrays.
   *
   * @param capacity B: sequences open at once
   * @param vocabSize V
   * @param logprobs N: most log-probabilities for each token
   */
  SamplingBuffers(int capacity, int vocabSize, int logprobs) {
    this.vocabSize = vocabSize;
    intRequest = new IntArray(SamplingStart.HEADER + Sampling.PARAMETERS + vocabSize);
    floatRequest = new FloatArray(Sampling.FACTORS + vocabSize);
    parameters = new IntArray(capacity * Sampling.PARAMETERS);
    factors = new FloatArray(capacity * Sampling.FACTORS);
    int ids = Math.multiplyExact(capacity, vocabSize);
    seen = new IntArray(ids);
    bias = new FloatArray(ids);
    distances = new IntArray(ids);
    this.logprobs = Math.min(logprobs, vocabSize);
    top = new IntArray(capacity * topSize());
    for (IntArray array : ints()) {
      array.init(0); // TornadoVM does not allocate an array whose first task only writes it
    }
  }

  private int topSize() {
    return TopTokens.HEADER + 2 * logprobs;
  }

  List<FloatArray> floats() {
    return List.of(factors, bias);
  }

  List<IntArray> ints() {
    return List.of(parameters, seen, distances, top);
  }

  /** Bytes of all buffers on a device. */
  static long bytes(int capacity, int vocabSize) {
    return 4L * (3L * capacity * vocabSize + 2L * vocabSize);
  }

  /** Whether the kernels can draw so: vocabulary, stop ids and log-probabilities within limits. */
  boolean fits(Drawing drawing) {
    return vocabSize <= Sampling.MAX_VOCAB_SIZE
        && drawing.stopIds().length <= Sampling.MAX_STOPS
        && Math.min(drawing.logprobs(), vocabSize) <= logprobs;
  }

  /** Number of likeliest tokens found for a row, or a negative status. */
  int found(int row) {
    return top.get(row * topSize() + 3);
  }

  /** Log-probabilities of a row's likeliest tokens and of its drawn token, from {@link #top}. */
  Logprobs logprobs(int row) {
    int at = row * topSize();
    long sum = (long) top.get(at) << 32 | top.get(at + 1) & 0xFFFFFFFFL;
    double logSum = Math.log(sum * 0x1p-44);
    int[] ids = new int[top.get(at + 3)];
    double[] values = new double[ids.length];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = top.get(at + TopTokens.HEADER + 2 * i);
      values[i] = logProbability(top.get(at + TopTokens.HEADER + 2 * i + 1), logSum);
    }
    return Logprobs.of(logProbability(top.get(at + 2), logSum), ids, values);
  }

  /** From a distance in 2⁻²⁴ bits to nats. */
  private static double logProbability(int q, double logSum) {
    return q >= Sampling.MASKED_DISTANCE
        ? Double.NEGATIVE_INFINITY
        : -q * 0x1p-24 * Math.log(2) - logSum;
  }

  /** The error message for a status that the device returned instead of a token. */
  static String message(int status) {
    return switch (status) {
      case Sampling.ALL_BANNED -> InvalidLogitsException.ALL_BANNED;
      case Sampling.NO_FINITE -> InvalidLogitsException.NO_FINITE;
      case Sampling.NAN -> InvalidLogitsException.damaged("NaN");
      case Sampling.INFINITE -> InvalidLogitsException.damaged("infinite");
      default -> throw new IllegalStateException("status " + status);
    };
  }

  /**
   * Writes the requests for a slot.
   *
   * @param drawing how the sequence's tokens are drawn; null if none are
   * @param sample index of the completion, part of the random numbers
   * @param history token counts for the penalties; null if no tokens are drawn
   * @param tops likeliest tokens to find in each step
   */
  void request(int slot, Drawing drawing, int sample, History history, int tops) {
    intRequest.init(0);
    floatRequest.init(0);
    intRequest.set(0, slot);
    set(Sampling.LOGPROBS, tops);
    if (drawing != null) {
      request(drawing, sample, history);
    }
  }

  private void request(Drawing drawing, int sample, History history) {
    SamplingParameters sampling = drawing.sampling();
    ChainConstants constants = ChainConstants.of(sampling);
    set(Sampling.GREEDY, sampling.temperature() == 0 ? 1 : 0);
    set(Sampling.PENALTIES, sampling.needsHistory() ? 1 : 0);
    set(Sampling.FREQUENCY, constants.frequencyUnits());
    set(Sampling.FREQUENCY_LIMIT, constants.frequencyLimit());
    set(Sampling.PRESENCE, constants.presenceUnits());
    set(Sampling.BIASES, sampling.logitBias().isEmpty() ? 0 : 1);
    set(Sampling.MIN_NEW_TOKENS, sampling.minNewTokens());
    set(Sampling.STOPS, drawing.stopIds().length);
    for (int i = 0; i < drawing.stopIds().length; i++) {
      set(Sampling.STOP_IDS + i, drawing.stopIds()[i]);
    }
    set(Sampling.TOP_K, constants.topK());
    set(Sampling.TOP_P, constants.topPFraction());
    set(Sampling.MIN_P, constants.minPLimit());
    set(Sampling.TYPICAL_P, constants.typicalPFraction());
    set(Sampling.SEED_LOW, (int) sampling.seed());
    set(Sampling.SEED_HIGH, (int) (sampling.seed() >> 32));
    set(Sampling.SAMPLE, sample);
    if (sampling.needsHistory()) {
      for (int id = 0; id < vocabSize; id++) {
        set(Sampling.PARAMETERS + id, history.seen(id));
      }
    }
    floatRequest.set(Sampling.PENALTY, constants.penalty());
    floatRequest.set(Sampling.INVERSE_PENALTY, constants.inversePenalty());
    floatRequest.set(Sampling.BITS_PER_LOGIT, constants.bitsPerLogit());
    sampling
        .logitBias()
        .forEach((id, value) -> floatRequest.set(Sampling.FACTORS + id, value.floatValue()));
  }

  private void set(int place, int value) {
    intRequest.set(SamplingStart.HEADER + place, value);
  }
}
