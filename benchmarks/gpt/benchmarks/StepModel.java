package gpt.benchmarks;

import gpt.backend.cpu.CpuVersions;
import gpt.backend.reference.ReferenceEngine;
import gpt.backend.tornado.Profile;
import gpt.backend.tornado.TornadoEngine;
import gpt.engine.Context;
import gpt.engine.Engine;
import gpt.engine.LoadProgress;
import gpt.model.Approximations;
import gpt.model.GptConfig;
import gpt.model.Precision;
import gpt.model.RandomWeights;
import gpt.model.Weights;
import gpt.sampling.SamplingParameters;
import java.util.Arrays;
import java.util.Collections;
import java.util.Locale;
import java.util.Random;

/**
 * A model with random weights on the CPU or a device, whose logits are checked before it is timed.
 * All blocks are packed from the same tensors into separate copies: a step reads as much memory as
 * with different weights, and the source takes the memory of one block.
 */
final class StepModel implements AutoCloseable {
  /** Standard deviation of GPT-2's initialization. */
  private static final float SCALE = 0.02f;

  private static final long SEED = 1;

  /** Blocks of the model that the reference computes. */
  private static final int CHECKED_BLOCKS = 2;

  /** The program's default sampling parameters. */
  static final SamplingParameters SAMPLING =
      SamplingParameters.builder().temperature(0.8).topK(200).seed(SEED).build();

  final Shape shape;
  final Engine engine;
  final Work work;
  private final Profile profile = new Profile();
  private final Precision precision;
  private final String device;
  private final String version;

  /**
   * Opens and checks the model.
   *
   * @param prompt length of the prompts in tokens
   * @throws WrongResultException where its logits are wrong
   */
  StepModel(
      String operation,
      Shape shape,
      int rows,
      String dtype,
      String device,
      String version,
      int prompt) {
    this.shape = shape;
    this.device = device;
    this.version = version;
    precision = Precision.valueOf(dtype.toUpperCase(Locale.ROOT));
    work = Work.of(operation, shape, rows, precision);
    Weights one = RandomWeights.of(blocks(1), SEED, SCALE);
    check(one, prompt);
    engine = open(shape.config(), repeat(one, shape.config().nLayer()), prompt);
    checkAgreement();
  }

  private GptConfig blocks(int count) {
    GptConfig c = shape.config();
    return new GptConfig(
        count,
        c.nHead(),
        c.nEmbd(),
        c.blockSize(),
        c.vocabSize(),
        c.nInner(),
        c.bias(),
        c.gelu(),
        c.layerNormEpsilon());
  }

  private static Weights repeat(Weights one, int blocks) {
    return new Weights(
        one.wte(), one.wpe(), Collections.nCopies(blocks, one.h(0)), one.lnF(), one.lmHead());
  }

  private Engine open(GptConfig config, Weights weights, int prompt) {
    if (device.equals(Spec.CPU)) {
      int threads = Runtime.getRuntime().availableProcessors();
      return CpuVersions.open(config, weights, precision, threads, version);
    }
    return TornadoEngine.open(
        config,
        weights,
        new TornadoEngine.Options(
            Devices.named(device), precision, Approximations.NONE, 1, 0, prompt, profile, false),
        LoadProgress.NONE);
  }

  /** Checks a model of the same widths and fewer blocks against the reference. */
  private void check(Weights one, int prompt) {
    GptConfig config = blocks(Math.min(CHECKED_BLOCKS, shape.config().nLayer()));
    Weights weights = repeat(one, config.nLayer());
    int[] ids = ids(Math.min(prompt, CHECKED_PROMPT));
    float[] expected;
    try (ReferenceEngine reference = new ReferenceEngine(config, weights);
        Context context = new Context(reference)) {
      expected = context.append(ids);
    }
    try (Engine small = open(config, weights, prompt);
        Context context = new Context(small)) {
      compare("the reference's", expected, context.append(ids), tolerance());
      context.truncate(0);
      context.append(Arrays.copyOf(ids, ids.length - 1));
      compare(
          "the reference's, decoding", expected, context.append(ids[ids.length - 1]), tolerance());
    }
  }

  /** Tokens that the reference computes at most: it is slow. */
  private static final int CHECKED_PROMPT = 100;

  /** Largest allowed error relative to the largest logit. */
  private double tolerance() {
    return switch (precision) {
      case F32 -> 1e-4;
      case F16 -> 5e-3;
      case BF16 -> 3e-2;
      case I8 -> 5e-2;
      case Q4 -> 0.5;
      case STORED -> throw new IllegalStateException("random weights are f32");
    };
  }

  /** Checks on the whole model that prefill and decode of the same tokens agree. */
  private void checkAgreement() {
    int[] ids = ids(8);
    try (Context context = new Context(engine)) {
      float[] expected = context.append(ids);
      context.truncate(0);
      float[] found = null;
      for (int id : ids) {
        found = context.append(id);
      }
      compare("those of one step", expected, found, 1e-3);
    }
  }

  private static void compare(String what, float[] expected, float[] found, double tolerance) {
    double largest = 0;
    double magnitude = 0;
    for (int i = 0; i < expected.length; i++) {
      double error = Math.abs(found[i] - expected[i]);
      largest = error <= largest ? largest : error; // NaN too
      magnitude = Math.max(magnitude, Math.abs(expected[i]));
    }
    if (!(largest <= tolerance * magnitude)) {
      throw new WrongResultException(
          "logits differ from %s by %.2g of the largest".formatted(what, largest / magnitude));
    }
  }

  /** Seeded random ids. */
  int[] ids(int count) {
    return new Random(SEED).ints(count, 0, shape.config().vocabSize()).toArray();
  }

  /** Nanoseconds that the device has spent in kernels since the last call; 0 on the CPU. */
  long deviceNanos() {
    return profile.reset().kernelNanos();
  }

  @Override
  public void close() {
    engine.close();
  }
}
