package gpt.generate;

import gpt.engine.Engine;
import gpt.engine.HostSequence;
import gpt.engine.HostWants;
import gpt.engine.Sequence;
import gpt.engine.Want;
import gpt.engine.Work;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * An engine whose logits are a function of the whole context. It records its calls (a step as the
 * number of tokens that each sequence appends, {@code d} for the token drawn last), rejects what
 * the interface forbids, and overwrites logits with NaN after they were read.
 */
public final class FakeEngine implements Engine {
  public final List<String> calls = new ArrayList<>();
  public int openSequences;
  boolean mayClose;
  boolean closed;
  public int capacity = Integer.MAX_VALUE;

  private final GptConfig config;
  private final Function<int[], float[]> model;
  private final float[] logits;

  public FakeEngine(int blockSize, int vocabSize, Function<int[], float[]> model) {
    config = new GptConfig(1, 1, 1, blockSize, vocabSize, 4, true, Gelu.EXACT, 1e-5);
    this.model = model;
    // Longer than the vocabulary, as a padded kernel's output may be.
    logits = new float[vocabSize + 3];
  }

  /** Random logits, different for each context. */
  public static Function<int[], float[]> random(int vocabSize) {
    return context -> {
      Random random = new Random(Arrays.hashCode(context));
      float[] out = new float[vocabSize];
      for (int id = 0; id < vocabSize; id++) {
        out[id] = (float) random.nextGaussian() * 2;
      }
      return out;
    };
  }

  /** Logits that make greedy decoding give these ids after a prompt of the given length. */
  public static Function<int[], float[]> fixedIds(int vocabSize, int promptLength, int... ids) {
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
  public int capacity() {
    return capacity;
  }

  @Override
  public void close() {
    if (!mayClose) {
      throw new AssertionError("the generator must not close the engine");
    }
    closed = true;
  }

  @Override
  public Sequence open() {
    return new FakeSequence();
  }

  @Override
  public void step(List<Work> work) {
    calls.add(
        work.stream()
            .map(piece -> piece.append().length == 0 ? "d" : "" + piece.append().length)
            .collect(Collectors.joining(" ")));
    HostWants.check(config, work);
    for (Work piece : work) {
      step(piece);
    }
  }

  private void step(Work work) {
    FakeSequence sequence = (FakeSequence) work.sequence();
    if (work.append().length == 0) {
      sequence.context.add(sequence.drawn());
    } else {
      Arrays.stream(work.append()).forEach(sequence.context::add);
    }
    sequence.grow(work.tokens());
    if (HostWants.logitRows(work) == 0) {
      return;
    }
    if (HostWants.logitRows(work) > 1 || work.want() instanceof Want.Losses) {
      throw new AssertionError("only the logits of the last token are needed");
    }
    float[] out = model.apply(sequence.context.stream().mapToInt(i -> i).toArray());
    System.arraycopy(out, 0, logits, 0, out.length);
    HostWants.accept(work, 0, sequence.length() - 1, logits, config.vocabSize());
    Arrays.fill(logits, Float.NaN);
  }

  private final class FakeSequence extends HostSequence {
    final List<Integer> context = new ArrayList<>();
    private boolean closed;

    FakeSequence() {
      super(config.vocabSize());
      if (++openSequences > capacity) {
        throw new AssertionError("more open sequences than capacity " + capacity);
      }
    }

    @Override
    public void truncate(int length) {
      super.truncate(length);
      calls.add("truncate " + length);
      context.subList(length, context.size()).clear();
    }

    @Override
    public Sequence fork() {
      calls.add("fork");
      FakeSequence other = new FakeSequence();
      other.context.addAll(context);
      other.copyStateFrom(this);
      return other;
    }

    @Override
    public void close() {
      if (!closed) {
        openSequences--;
      }
      closed = true;
    }
  }
}
