package gpt.generate;

import gpt.model.Backend;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Function;

/**
 * A model whose logits are a function of the whole context. It records what is asked of it, refuses
 * what the interface forbids, and spoils the logits of each call at the next one.
 */
final class FakeBackend implements Backend {
  final List<String> calls = new ArrayList<>();
  int openSessions;

  private final GptConfig config;
  private final Function<int[], float[]> model;
  private final float[] logits;

  FakeBackend(int blockSize, int vocabSize, Function<int[], float[]> model) {
    config = new GptConfig(1, 1, 1, blockSize, vocabSize, 4, true, Gelu.EXACT, 1e-5);
    this.model = model;
    // Longer than the vocabulary, as a padded kernel's output may be.
    logits = new float[vocabSize + 3];
  }

  /** Random logits, other ones for every context. */
  static Function<int[], float[]> random(int vocabSize) {
    return context -> {
      Random random = new Random(Arrays.hashCode(context));
      float[] out = new float[vocabSize];
      for (int id = 0; id < vocabSize; id++) {
        out[id] = (float) random.nextGaussian() * 2;
      }
      return out;
    };
  }

  /** Says these ids, one after another, after a prompt of a given length. */
  static Function<int[], float[]> saying(int vocabSize, int promptLength, int... ids) {
    return context -> {
      float[] out = new float[vocabSize];
      out[ids[Math.min(context.length - promptLength, ids.length - 1)]] = 10;
      return out;
    };
  }

  @Override
  public GptConfig config() {
    return config;
  }

  @Override
  public String device() {
    return "fake";
  }

  @Override
  public String dtype() {
    return "f32";
  }

  @Override
  public void close() {
    throw new AssertionError("the backend is not the generator's to close");
  }

  @Override
  public Session newSession() {
    openSessions++;
    return new FakeSession();
  }

  private final class FakeSession implements Session {
    private final List<Integer> context = new ArrayList<>();

    @Override
    public int length() {
      return context.size();
    }

    @Override
    public float[] prefill(int[] ids) {
      if (ids.length == 0) {
        throw new AssertionError("nothing to prefill");
      }
      calls.add("prefill " + ids.length);
      return append(ids);
    }

    @Override
    public void prefill(int[] ids, PositionLogits each) {
      throw new AssertionError("the logits of the prompt are not needed");
    }

    @Override
    public double[] losses(int[] ids, int[] targets) {
      throw new AssertionError("nobody asks for losses");
    }

    @Override
    public float[] decode(int id) {
      calls.add("decode");
      return append(id);
    }

    private float[] append(int... ids) {
      for (int id : ids) {
        context.add(id);
      }
      if (context.size() > config.blockSize()) {
        throw new AssertionError("the context is beyond its block_size");
      }
      float[] out = model.apply(context.stream().mapToInt(i -> i).toArray());
      Arrays.fill(logits, Float.NaN);
      System.arraycopy(out, 0, logits, 0, out.length);
      return logits;
    }

    @Override
    public void truncate(int length) {
      if (length > context.size()) {
        throw new AssertionError("truncated to more than there is");
      }
      calls.add("truncate " + length);
      context.subList(length, context.size()).clear();
      Arrays.fill(logits, Float.NaN);
    }

    @Override
    public void copyFrom(Session other) {
      if (other == this) {
        throw new AssertionError("a context need not be copied to itself");
      }
      calls.add("copy");
      context.clear();
      context.addAll(((FakeSession) other).context);
    }

    @Override
    public void close() {
      openSessions--;
    }
  }
}
