package gpt.generate;

import gpt.model.Backend;
import gpt.sampling.Logprobs;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.IntPredicate;

/** Texts whose tokens the backend draws itself. The host only keeps what it needs for sliding. */
final class BatchSource implements Source {
  private final Backend.Batch batch;
  private final int texts;
  private final int blockSize;
  private final int[] prompt;
  private final boolean logprobs;

  /** The prompt and all tokens drawn since (texts, length + 1): the last is not appended yet. */
  private final int[][] ids;

  private int length;
  private int prefillTokens;
  private long prefillNanos;

  /**
   * A source; the model is not run yet.
   *
   * @param prompt 1 to blockSize ids
   * @param logprobs whether the batch has log-probabilities
   */
  BatchSource(Backend.Batch batch, int texts, int blockSize, int[] prompt, boolean logprobs) {
    this.batch = batch;
    this.texts = texts;
    this.blockSize = blockSize;
    this.prompt = prompt;
    this.logprobs = logprobs;
    ids = new int[texts][];
  }

  @Override
  public int texts() {
    return texts;
  }

  @Override
  public int[] start() {
    long begin = System.nanoTime();
    int[] first = batch.start(prompt);
    prefillNanos = System.nanoTime() - begin;
    prefillTokens = prompt.length;
    length = prompt.length;
    for (int text = 0; text < texts; text++) {
      ids[text] = Arrays.copyOf(prompt, prompt.length + 64);
    }
    keep(first);
    return first;
  }

  @Override
  public int[] next(IntPredicate active) {
    boolean slide = full();
    length++;
    int[] drawn = slide ? slide(active) : batch.next();
    keep(drawn);
    return drawn;
  }

  /** Every token moves by one position, so every key and value of each text changes. */
  private int[] slide(IntPredicate active) {
    int[] drawn = new int[texts];
    for (int text = 0; text < texts; text++) {
      if (active.test(text)) {
        drawn[text] =
            batch.redo(
                text,
                Arrays.copyOfRange(ids[text], length - blockSize, length),
                length - prompt.length);
      }
    }
    return drawn;
  }

  private void keep(int[] drawn) {
    for (int text = 0; text < texts; text++) {
      if (length == ids[text].length) {
        ids[text] = Arrays.copyOf(ids[text], length + (length >> 1) + 1);
      }
      ids[text][length] = drawn[text];
    }
  }

  @Override
  public Optional<Logprobs> logprobs(int text) {
    return logprobs ? Optional.of(batch.logprobs(text)) : Optional.empty();
  }

  @Override
  public boolean full() {
    return length >= blockSize;
  }

  @Override
  public int prefillTokens() {
    return prefillTokens;
  }

  @Override
  public long prefillNanos() {
    return prefillNanos;
  }

  @Override
  public void close() {
    batch.close();
  }
}
