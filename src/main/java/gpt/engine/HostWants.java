package gpt.engine;

import gpt.model.Contexts;
import gpt.model.GptConfig;
import gpt.sampling.ChainTrace;
import gpt.sampling.CrossEntropy;
import gpt.sampling.Drawing;
import gpt.sampling.HostSampler;
import gpt.sampling.InvalidLogitsException;
import gpt.sampling.Logprobs;
import java.util.List;

/**
 * For backends with logits on the host: checks a step's work and delivers what each {@link Want}
 * asks for.
 */
public final class HostWants {
  private HostWants() {}

  /** Rejects invalid work before a step changes anything. */
  public static void check(GptConfig config, List<Work> work) {
    if (work.isEmpty()) {
      throw new IllegalArgumentException("a step needs at least one Work");
    }
    for (int i = 0; i < work.size(); i++) {
      Work item = work.get(i);
      for (int j = 0; j < i; j++) {
        if (work.get(j).sequence() == item.sequence()) {
          throw new IllegalArgumentException("a step has the same sequence twice");
        }
      }
      Contexts.checkAppend(config, item.sequence().length(), item.tokens(), item.append());
      switch (item.want()) {
        case Want.Losses losses -> Contexts.checkTargets(config, item.tokens(), losses.targets());
        case Want.Logits logits -> {
          if (logits.rows() < 1 || logits.rows() > item.tokens()) {
            throw new IllegalArgumentException(
                logits.rows() + " rows of logits for " + item.tokens() + " tokens");
          }
        }
        case Want.Probe probe -> {}
        case Want.Nothing nothing -> {}
        case Want.Candidates candidates -> {}
        case Want.Token token -> {}
        case Want.Verification verification -> {
          if (item.append().length == 0) {
            throw new IllegalArgumentException("nothing to verify");
          }
        }
      }
    }
  }

  /** How many of the last appended tokens need logits. */
  public static int logitRows(Work work) {
    return switch (work.want()) {
      case Want.Nothing nothing -> 0;
      case Want.Probe probe -> 0;
      case Want.Logits logits -> logits.rows();
      case Want.Losses losses -> losses.targets().length;
      case Want.Candidates candidates -> 1;
      case Want.Token token -> 1;
      case Want.Verification verification -> work.append().length;
    };
  }

  /**
   * Delivers what a {@link Want} asks for from one row's logits.
   *
   * @param row index among the rows that {@link #logitRows} counts
   * @param pos the row's position in its sequence
   * @param logits at least {@code vocabSize} floats, of which the first {@code vocabSize} are used
   * @throws InvalidLogitsException where losses or candidates are wanted and a logit is NaN or +∞,
   *     or all are −∞
   */
  public static void accept(Work work, int row, int pos, float[] logits, int vocabSize) {
    switch (work.want()) {
      case Want.Nothing nothing -> {}
      case Want.Probe probe -> {}
      case Want.Logits wanted -> wanted.reader().accept(pos, logits);
      case Want.Losses losses ->
          losses.losses()[row] = CrossEntropy.of(logits, vocabSize, losses.targets()[row]);
      case Want.Candidates candidates -> {
        InvalidLogitsException.check(logits, vocabSize);
        Logprobs best = Logprobs.of(logits, vocabSize, 0, Math.min(candidates.n(), vocabSize));
        candidates.reader().accept(best.ids(), best.values());
      }
      case Want.Token token -> draw((HostSequence) work.sequence(), token, logits, vocabSize);
      case Want.Verification verification ->
          verification
              .next(row, work.append())
              .ifPresent(token -> draw((HostSequence) work.sequence(), token, logits, vocabSize));
    }
  }

  private static void draw(HostSequence sequence, Want.Token token, float[] logits, int vocabSize) {
    Drawing drawing = sequence.drawing();
    HostSampler sampler = sequence.sampler();
    try {
      ChainTrace trace = null;
      int id;
      if (token.traced()) {
        trace = sampler.trace(logits, sequence.history(), sequence.sample(), token.step());
        id = trace.chosen();
      } else {
        id = sampler.sample(logits, sequence.history(), sequence.sample(), token.step());
      }
      sequence.drawn(id);
      int n = drawing.logprobs();
      token.drawn(id, n > 0 ? Logprobs.of(logits, vocabSize, id, n) : null, trace);
    } catch (InvalidLogitsException e) {
      token.failed(e.getMessage(), sequence.sample());
    }
  }
}
