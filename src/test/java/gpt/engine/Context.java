package gpt.engine;

import java.util.Arrays;
import java.util.List;

/** One sequence of an engine, stepped alone: what most tests need. */
public final class Context implements AutoCloseable {
  private final Engine engine;
  private Sequence sequence;

  /** An empty one. */
  public Context(Engine engine) {
    this.engine = engine;
    sequence = engine.open();
  }

  private void step(int[] ids, Want want) {
    engine.step(List.of(new Work(sequence, ids, want)));
  }

  /** Tokens that it holds. */
  public int length() {
    return sequence.length();
  }

  /** Appends ids in one step; the logits that follow the last one (vocabSize). */
  public float[] append(int... ids) {
    if (ids.length == 0) {
      throw new IllegalArgumentException("no tokens to append");
    }
    float[][] found = new float[1][];
    int v = engine.config().vocabSize();
    step(ids, new Want.Logits(1, (pos, logits) -> found[0] = Arrays.copyOf(logits, v)));
    return found[0];
  }

  /** As {@link #append(int...)}, with the logits that follow every id. */
  public void append(int[] ids, Want.LogitsReader each) {
    step(ids, new Want.Logits(ids.length, each));
  }

  /** Appends ids, and hands over what one head attends to at each. */
  public void append(int[] ids, int layer, int head, Want.AttentionReader each) {
    step(ids, new Want.Attention(layer, head, each));
  }

  /** Appends ids; the residual stream that enters a block, for each of them (ids.length, C). */
  public float[][] residual(int layer, int... ids) {
    float[][] found = new float[ids.length][];
    int past = sequence.length();
    step(ids, new Want.Residual(layer, (pos, x) -> found[pos - past] = x));
    return found;
  }

  /** Appends ids; the losses of targets. */
  public double[] losses(int[] ids, int[] targets) {
    double[] losses = new double[targets.length];
    step(ids, new Want.Losses(targets, losses));
    return losses;
  }

  /** Forgets all but the first tokens. */
  public void truncate(int length) {
    sequence.truncate(length);
  }

  /** Becomes a fork of another one. */
  public void copyFrom(Context other) {
    Sequence fork = other.sequence.fork();
    sequence.close();
    sequence = fork;
  }

  @Override
  public void close() {
    sequence.close();
  }
}
