package gpt.server.api;

import gpt.engine.Engine;
import gpt.engine.Sequence;
import gpt.engine.Want;
import gpt.engine.Work;
import gpt.sampling.Logprobs;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Computes the log-probabilities of a prompt's tokens, each given the tokens before it. */
public final class PromptScorer {
  /** Tokens per step, which bounds the memory for logits and the delay of other requests. */
  private static final int CHUNK = 32;

  private PromptScorer() {}

  /**
   * Scores a prompt.
   *
   * @param ids 1 to block_size ids (T)
   * @param top number of likeliest tokens
   * @return T − 1 elements: the first token has no log-probability
   */
  static List<Logprobs> score(ServedModel model, int[] ids, int top) {
    if (ids.length < 2) {
      return List.of();
    }
    return model.engine().call(1, lease -> score(lease, ids, top));
  }

  private static List<Logprobs> score(Engine engine, int[] ids, int top) {
    int vocabSize = engine.config().vocabSize();
    List<Logprobs> all = new ArrayList<>();
    read(
        engine,
        ids,
        (pos, logits) -> all.add(Logprobs.of(logits, vocabSize, ids[pos + 1], Math.max(1, top))));
    return all;
  }

  /**
   * Runs a prompt through the model, in chunks.
   *
   * @param ids 2 to block_size ids
   * @param reader receives the logits after each token but the last, on this thread, so that the
   *     engine's thread continues other requests meanwhile
   */
  public static void read(Engine engine, int[] ids, Want.LogitsReader reader) {
    int vocabSize = engine.config().vocabSize();
    float[][] logits = new float[Math.min(CHUNK, ids.length - 1)][];
    try (Sequence sequence = engine.open()) {
      for (int from = 0; from < ids.length - 1; from += CHUNK) {
        int start = from;
        int to = Math.min(ids.length - 1, from + CHUNK);
        Want want =
            new Want.Logits(
                to - from, (pos, row) -> logits[pos - start] = Arrays.copyOf(row, vocabSize));
        engine.step(List.of(new Work(sequence, Arrays.copyOfRange(ids, from, to), want)));
        for (int pos = from; pos < to; pos++) {
          reader.accept(pos, logits[pos - from]);
        }
      }
    }
  }
}
