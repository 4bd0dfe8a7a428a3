package gpt.explore;

import gpt.GptException;
import gpt.engine.Engine;
import gpt.engine.Sequence;
import gpt.engine.Site;
import gpt.engine.Want;
import gpt.engine.Work;
import gpt.sampling.InvalidLogitsException;
import java.util.Arrays;
import java.util.List;

/** Reads activations of a forward pass over a text. */
public final class Activations {
  /** Tokens per step, which bounds the delay of other sequences. */
  private static final int CHUNK = 32;

  private Activations() {}

  /**
   * The activations at a site of a layer.
   *
   * @param ids 1 to block_size ids (T)
   * @return (T, C), or (T, nh · (1 to T)) for {@link Site#WEIGHTS}
   * @throws GptException as {@link #read}, or if there is no such layer
   */
  public static float[][] of(Engine engine, int[] ids, Site site, int layer) {
    site.check(engine.config(), layer);
    float[][] found = new float[ids.length][];
    read(
        engine,
        ids,
        0,
        new Want.ProbeReader() {
          @Override
          public boolean wants(Site at, int of) {
            return at == site && of == layer;
          }

          @Override
          public void accept(Site at, int of, int pos, float[] values) {
            found[pos] = values;
          }
        });
    return found;
  }

  /**
   * Runs a text through the model, in chunks, and passes on what the reader wants.
   *
   * @param ids 1 to block_size ids (T)
   * @param first the first position to read; earlier ones are computed only
   * @throws GptException if the logits after the last token are NaN or infinite, or the device's
   *     kernels store no activations
   */
  public static void read(Engine engine, int[] ids, int first, Want.ProbeReader reader) {
    LastStream last = new LastStream(reader, engine.config().nLayer());
    try (Sequence sequence = engine.open()) {
      for (int from = 0, to; from < ids.length; from = to) {
        to = Math.min(from + CHUNK, from < first ? first : ids.length);
        int[] chunk = Arrays.copyOfRange(ids, from, to);
        engine.step(
            List.of(
                from < first
                    ? Work.append(sequence, chunk)
                    : new Work(sequence, chunk, new Want.Probe(last))));
      }
      int v = engine.config().vocabSize();
      engine.logits(
          new float[][] {last.values}, (row, logits) -> InvalidLogitsException.check(logits, v));
    } catch (UnsupportedOperationException e) {
      throw new GptException(
          engine.device() + "'s kernels do not store activations; use the cpu", e);
    }
  }

  /**
   * Keeps the stream after the last block, of the last token, whose logits show damaged weights.
   */
  private static final class LastStream implements Want.ProbeReader {
    private final Want.ProbeReader reader;
    private final int layers;
    private float[] values;

    LastStream(Want.ProbeReader reader, int layers) {
      this.reader = reader;
      this.layers = layers;
    }

    @Override
    public boolean wants(Site site, int layer) {
      return isLast(site, layer) || reader.wants(site, layer);
    }

    private boolean isLast(Site site, int layer) {
      return site == Site.RESID && layer == layers;
    }

    @Override
    public void accept(Site site, int layer, int pos, float[] found) {
      values = isLast(site, layer) ? found : values;
      if (reader.wants(site, layer)) {
        reader.accept(site, layer, pos, found);
      }
    }
  }
}
