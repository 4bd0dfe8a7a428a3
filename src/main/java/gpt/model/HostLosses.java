package gpt.model;

import gpt.sampling.CrossEntropy;
import java.util.Arrays;

/** Losses from logits that come to the host. */
public final class HostLosses {
  private HostLosses() {}

  /** What {@link Backend.Session#losses} is to do. */
  public static double[] append(
      Backend.Session session, GptConfig config, int[] ids, int[] targets) {
    Contexts.checkAppend(config, session.length(), ids);
    Contexts.checkTargets(config, ids.length, targets);
    double[] losses = new double[targets.length];
    int silent = ids.length - targets.length; // nobody asks for logits behind these
    if (silent > 0) {
      session.prefill(Arrays.copyOf(ids, silent));
    }
    int first = session.length();
    if (targets.length > 0) {
      session.prefill(
          Arrays.copyOfRange(ids, silent, ids.length),
          (pos, logits) ->
              losses[pos - first] =
                  CrossEntropy.of(logits, config.vocabSize(), targets[pos - first]));
    }
    return losses;
  }
}
