package gpt.engine;

import java.util.Arrays;
import java.util.List;

/** One sequence of an engine, stepped alone, for tests. */
public final class Context implements AutoCloseable {
  private final Engine engine;
  private Sequence sequence;

  /** An empty sequence. */
  public Context(Engine engine) {
    this.engine = engine;
    sequence = engine.open();
  }

  private void step(int[] ids, Want want) {
    engine.step(List.of(new Work(sequence, ids, want)));
  }

  /** Number of tokens. */
  public int length() {
    return sequence.length();
  }

  /** Appends ids in one step; returns the logits that follow the last one (vocabSize). */
  public float[] append(int... ids) {
    if (ids.length == 0) {
      throw new IllegalArgumentException("no tokens to append");
    }
    float[][] found = new float[1][];
    int v = engine.config().vocabSize();
    step(ids, new Want.Logits(1, (pos, logits) -> found[0] = Arrays.copyOf(logits, v)));
    return found[0];
  }

  /** Appends ids in one step; the reader receives the logits that follow each. */
  public void append(int[] ids, Want.LogitsReader reader) {
    step(ids, new Want.Logits(ids.length, reader));
  }

  /** Appends ids; returns the activations at a site of a layer (ids.length, …). */
  public float[][] probe(Site site, int layer, int... ids) {
    float[][] found = new float[ids.length][];
    step(ids, probe(site, layer, found, sequence.length()));
    return found;
  }

  /** A want that stores a site's activations of the tokens from position {@code past} on. */
  public static Want.Probe probe(Site site, int layer, float[][] found, int past) {
    return new Want.Probe(
        new Want.ProbeReader() {
          @Override
          public boolean wants(Site at, int of) {
            return at == site && of == layer;
          }

          @Override
          public void accept(Site at, int of, int pos, float[] values) {
            found[pos - past] = values;
          }
        });
  }

  /** Appends ids; returns the losses of targets in nats. */
  public double[] losses(int[] ids, int[] targets) {
    double[] losses = new double[targets.length];
    step(ids, new Want.Losses(targets, losses));
    return losses;
  }

  /** Removes all but the first tokens. */
  public void truncate(int length) {
    sequence.truncate(length);
  }

  /** Replaces this sequence by a fork of another. */
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
