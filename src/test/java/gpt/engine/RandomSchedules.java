package gpt.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import gpt.model.GptConfig;
import gpt.sampling.Drawing;
import gpt.sampling.SamplingParameters;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * Batch invariance: several texts, each with parameters of its own, alone and then by random
 * schedules: any of them in a step, prompts in any chunks, forks in place of originals, tokens
 * forgotten and appended again. Every position's logits have the same bits, and the ids are the
 * same.
 */
public final class RandomSchedules {
  private final Engine engine;
  private final Random random;
  private final List<Text> texts = new ArrayList<>();

  private final class Text {
    final int[] prompt;
    final Drawing drawing;
    final int sample;
    final int total; // tokens, the prompt's included
    int[] ids; // as decoded alone
    float[][] logits; // that follow each position

    Sequence sequence;
    int drawn; // by the schedule

    Text(int[] prompt, SamplingParameters parameters, int sample, int total) {
      this.prompt = prompt;
      this.sample = sample;
      this.total = total;
      drawing = new Drawing(parameters, 0, prompt);
    }

    /** A step for the prompt, and one for each token. */
    void alone() {
      ids = Arrays.copyOf(prompt, total);
      logits = new float[total - 1][];
      Want.Token token = new Want.Token(false);
      try (Sequence one = engine.open()) {
        one.drawing(drawing, sample);
        int[] append = prompt;
        for (int n = prompt.length; n < total; n++) {
          engine.step(List.of(new Work(one, append, token.at(n - prompt.length))));
          ids[n] = token.id();
          append = new int[0];
        }
      }
      try (Sequence one = engine.open()) {
        logits(one, Arrays.copyOf(ids, total - 1), 0);
      }
    }

    void logits(Sequence of, int[] append, int from) {
      engine.step(List.of(new Work(of, append, reads(append.length))));
      assertEquals(from + append.length, of.length());
    }

    /** The first reading keeps the bits, later ones are held against it. */
    Want reads(int rows) {
      int v = engine.config().vocabSize();
      return new Want.Logits(
          rows,
          (pos, read) -> {
            float[] row = Arrays.copyOf(read, v);
            if (logits[pos] == null) {
              logits[pos] = row;
            } else {
              assertArrayEquals(logits[pos], row, this + " after position " + pos);
            }
          });
    }

    @Override
    public String toString() {
      return "text " + sample + " (" + prompt.length + " to " + total + " tokens)";
    }
  }

  private RandomSchedules(Engine engine, long seed) {
    this.engine = engine;
    random = new Random(seed);
  }

  /**
   * Compares.
   *
   * @param count texts
   * @param rounds schedules
   * @param seed printed where it fails
   */
  public static void check(Engine engine, int count, int rounds, long seed) {
    RandomSchedules schedules = new RandomSchedules(engine, seed);
    try {
      schedules.make(count);
      for (int round = 0; round < rounds; round++) {
        schedules.round();
      }
    } catch (Throwable e) {
      throw new AssertionError("seed " + seed + " on " + engine.device() + ": " + e, e);
    }
  }

  private void make(int count) {
    GptConfig config = engine.config();
    for (int i = 0; i < count; i++) {
      int total = 2 + random.nextInt(config.blockSize() - 1);
      int length = 1 + random.nextInt(total - 1);
      int[] prompt = random.ints(length, 0, config.vocabSize()).toArray();
      SamplingParameters.Builder parameters =
          SamplingParameters.builder()
              .seed(random.nextInt(100))
              .temperature(random.nextInt(3) / 2.0);
      if (random.nextBoolean()) {
        parameters.topK(1 + random.nextInt(20));
      }
      if (random.nextBoolean()) {
        parameters.topP(0.3 + 0.6 * random.nextDouble());
      }
      if (random.nextBoolean()) {
        parameters.repetitionPenalty(1 + random.nextDouble());
      }
      Text text = new Text(prompt, parameters.build(), i, total);
      text.alone();
      texts.add(text);
    }
  }

  /** All texts from the beginning to the end, in random steps. */
  private void round() {
    for (Text text : texts) {
      text.sequence = engine.open();
      text.drawn = -1;
    }
    List<Text> open = new ArrayList<>(texts);
    while (!open.isEmpty()) {
      List<Work> work = new ArrayList<>();
      List<Runnable> after = new ArrayList<>();
      for (Text text : open) {
        if (random.nextInt(3) > 0) {
          work.add(next(text, after));
        }
      }
      if (!work.isEmpty()) {
        engine.step(work);
      }
      after.forEach(Runnable::run);
      open.removeIf(text -> text.sequence.length() == text.total - 1);
    }
    texts.forEach(text -> text.sequence.close());
  }

  private Work next(Text text, List<Runnable> after) {
    disturb(text);
    int at = text.sequence.length();
    if (at + 1 < text.prompt.length && random.nextBoolean()) {
      int count = 1 + random.nextInt(text.prompt.length - 1 - at);
      int[] piece = Arrays.copyOfRange(text.ids, at, at + count);
      Want want = random.nextBoolean() ? Want.NOTHING : text.reads(1 + random.nextInt(count));
      return new Work(text.sequence, piece, want);
    }
    if (at >= text.prompt.length && random.nextInt(4) == 0) { // a draft, verified
      int count = 1 + random.nextInt(text.total - 1 - at);
      return new Work(
          text.sequence, Arrays.copyOfRange(text.ids, at, at + count), text.reads(count));
    }
    int end = Math.max(text.prompt.length, at + 1);
    int[] append = Arrays.copyOfRange(text.ids, at, end);
    int step = end - text.prompt.length;
    Want.Token token = new Want.Token(false).at(step);
    boolean last = text.drawn == end - 1; // what was drawn last is what is appended
    after.add(
        () -> {
          assertEquals(text.ids[end], token.id(), text + " token " + step);
          text.drawn = end;
        });
    if (step == 0 || !last) {
      begin(text, step);
    }
    return last && random.nextBoolean()
        ? Work.appendDrawn(text.sequence, token)
        : new Work(text.sequence, append, token);
  }

  /** Begins the history anew; where penalties count what was drawn, it is drawn again. */
  private void begin(Text text, int step) {
    text.sequence.drawing(text.drawing, text.sample);
    if (step == 0 || !text.drawing.sampling().needsHistory()) {
      return;
    }
    int length = text.sequence.length();
    for (int i = 0; i < step; i++) {
      text.sequence.truncate(0);
      Want.Token token = new Want.Token(false).at(i);
      int[] before = Arrays.copyOf(text.ids, text.prompt.length + i);
      engine.step(List.of(new Work(text.sequence, before, token)));
      assertEquals(text.ids[text.prompt.length + i], token.id(), text + " token " + i + " again");
    }
    int from = Math.min(length, text.sequence.length());
    text.sequence.truncate(from);
    if (from < length) {
      engine.step(List.of(Work.append(text.sequence, Arrays.copyOfRange(text.ids, from, length))));
    }
  }

  private void disturb(Text text) {
    if (random.nextInt(6) == 0) {
      Sequence fork = text.sequence.fork();
      text.sequence.close();
      text.sequence = fork;
    }
    if (random.nextInt(12) == 0) {
      text.sequence.truncate(random.nextInt(text.sequence.length() + 1));
    }
  }
}
