package gpt.tornado;

import gpt.engine.Sequence;
import gpt.engine.Want;
import gpt.engine.Work;
import gpt.model.Backend;
import gpt.model.Contexts;
import gpt.model.GptConfig;
import gpt.model.Weights;
import gpt.sampling.Drawing;
import gpt.sampling.Logprobs;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The protocols of {@link Backend} by means of a {@link TornadoEngine}, until nobody has them. */
public final class TornadoBackend implements Backend {
  private final TornadoEngine engine;

  private TornadoBackend(TornadoEngine engine) {
    this.engine = engine;
  }

  /** As {@link TornadoEngine#open}. */
  public static TornadoBackend open(
      GptConfig config, Weights weights, TornadoEngine.Options options, Progress progress) {
    return new TornadoBackend(TornadoEngine.open(config, weights, options, progress));
  }

  @Override
  public GptConfig config() {
    return engine.config();
  }

  @Override
  public String device() {
    return engine.device();
  }

  @Override
  public String dtype() {
    return engine.dtype();
  }

  /** What the device has done since the last call; empty where nothing is counted. */
  public Optional<Profile.Totals> profile() {
    return engine.profile();
  }

  @Override
  public int contexts() {
    return engine.capacity();
  }

  @Override
  public int batchSize() {
    return engine.capacity();
  }

  @Override
  public Session newSession() {
    return new EngineSession();
  }

  @Override
  public Optional<Batch> newBatch(Drawing drawing, int texts) {
    if (texts > engine.capacity() || engine.used() > 0 || !engine.draws(drawing)) {
      return Optional.empty();
    }
    return Optional.of(new EngineBatch(drawing, texts));
  }

  @Override
  public void close() {
    engine.close();
  }

  private final class EngineSession implements Session {
    private Sequence sequence = engine.open();
    private float[] last;

    @Override
    public int length() {
      return sequence.length();
    }

    @Override
    public float[] prefill(int[] ids) {
      step(ids, new Want.Logits(1, (pos, logits) -> last = logits));
      return last;
    }

    @Override
    public void prefill(int[] ids, PositionLogits each) {
      step(ids, new Want.Logits(ids.length, each::accept));
    }

    @Override
    public double[] losses(int[] ids, int[] targets) {
      double[] losses = new double[targets.length];
      step(ids, new Want.Losses(targets, losses));
      return losses;
    }

    private void step(int[] ids, Want want) {
      Contexts.checkAppend(config(), length(), ids);
      engine.step(List.of(new Work(sequence, ids, want)));
    }

    @Override
    public float[] decode(int id) {
      return prefill(new int[] {id});
    }

    @Override
    public void truncate(int to) {
      sequence.truncate(to);
    }

    @Override
    public void copyFrom(Session other) {
      if (!(other instanceof EngineSession from) || from.backend() != backend()) {
        throw Contexts.otherBackends();
      }
      if (from != this) {
        sequence.close();
        sequence = from.sequence.fork();
      }
    }

    private TornadoBackend backend() {
      return TornadoBackend.this;
    }

    @Override
    public void close() {
      sequence.close();
    }
  }

  private final class EngineBatch implements Batch {
    private final Drawing drawing;
    private final Sequence[] sequences;
    private final Want.Token[] tokens;
    private int step;

    EngineBatch(Drawing drawing, int texts) {
      this.drawing = drawing;
      sequences = new Sequence[texts];
      tokens = new Want.Token[texts];
      Arrays.setAll(sequences, i -> engine.open());
      Arrays.setAll(tokens, i -> new Want.Token(false));
    }

    @Override
    public int[] start(int[] prompt) {
      Contexts.checkAppend(config(), 0, prompt);
      int last = prompt.length - 1;
      sequences[0].truncate(0);
      if (last > 0) {
        engine.step(List.of(Work.append(sequences[0], Arrays.copyOf(prompt, last))));
      }
      for (int i = 0; i < sequences.length; i++) {
        if (i > 0) {
          sequences[i].close();
          sequences[i] = sequences[0].fork();
        }
        sequences[i].drawing(drawing, drawing.firstSample() + i);
      }
      step = 0;
      return step(new int[] {prompt[last]});
    }

    @Override
    public int[] next() {
      step++;
      return step(new int[0]);
    }

    private int[] step(int[] ids) {
      List<Work> work = new ArrayList<>();
      for (int i = 0; i < sequences.length; i++) {
        work.add(new Work(sequences[i], ids, tokens[i].at(step)));
      }
      engine.step(work);
      return Arrays.stream(tokens).mapToInt(Want.Token::id).toArray();
    }

    @Override
    public int redo(int text, int[] ids, int newStep) {
      Contexts.checkAppend(config(), 0, ids);
      step = newStep;
      sequences[text].truncate(0);
      engine.step(List.of(new Work(sequences[text], ids, tokens[text].at(step))));
      return tokens[text].id();
    }

    @Override
    public Logprobs logprobs(int text) {
      return tokens[text].logprobs().orElseThrow();
    }

    @Override
    public void close() {
      for (Sequence sequence : sequences) {
        sequence.close();
      }
    }
  }
}
