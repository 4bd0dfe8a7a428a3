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
 * Checks batch invariance. Several completions with different parameters are decoded alone, then by
 * random schedules: any subset in a step, prompts in any chunks, forks in place of originals,
 * tokens truncated and appended again. Every position's logits must have the same bits, and the ids
 * must be the same.
 */
public final class RandomSchedules {
  private final Engine engine;
  private final Random random;
  private final List<Completion> completions = new ArrayList<>();

  private final class Completion {
    final int[] prompt;
    final Drawing drawing;
    final int sample;
    final int total; // tokens, the prompt's included
    int[] ids; // decoded alone
    float[][] logits; // after each position, decoded alone

    Sequence sequence;
    int drawn; // index of the token that the schedule drew last

    Completion(int[] prompt, SamplingParameters parameters, int sample, int total) {
      this.prompt = prompt;
      this.sample = sample;
      this.total = total;
      drawing = new Drawing(parameters, prompt);
    }

    /** Decodes alone: one step for the prompt, then one for each token. */
    void decodeAlone() {
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

    /** The first reading stores the logits; later ones must have the same bits. */
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
      return "completion " + sample + " (" + prompt.length + " to " + total + " tokens)";
    }
  }

  private RandomSchedules(Engine engine, long seed) {
    this.engine = engine;
    random = new Random(seed);
  }

  /**
   * Runs random schedules and compares.
   *
   * @param count number of completions
   * @param rounds number of schedules
   * @param seed printed on failure
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
      Completion completion = new Completion(prompt, parameters.build(), i, total);
      completion.decodeAlone();
      completions.add(completion);
    }
  }

  /** Runs all completions from start to end in random steps. */
  private void round() {
    for (Completion completion : completions) {
      completion.sequence = engine.open();
      completion.drawn = -1;
    }
    List<Completion> open = new ArrayList<>(completions);
    while (!open.isEmpty()) {
      List<Work> work = new ArrayList<>();
      List<Runnable> after = new ArrayList<>();
      for (Completion completion : open) {
        if (random.nextInt(3) > 0) {
          work.add(next(completion, after));
        }
      }
      if (!work.isEmpty()) {
        engine.step(work);
      }
      after.forEach(Runnable::run);
      open.removeIf(completion -> completion.sequence.length() == completion.total - 1);
    }
    completions.forEach(completion -> completion.sequence.close());
  }

  private Work next(Completion completion, List<Runnable> after) {
    forkOrTruncate(completion);
    int at = completion.sequence.length();
    if (at + 1 < completion.prompt.length && random.nextBoolean()) {
      int count = 1 + random.nextInt(completion.prompt.length - 1 - at);
      int[] chunk = Arrays.copyOfRange(completion.ids, at, at + count);
      Want want = random.nextBoolean() ? Want.NOTHING : completion.reads(1 + random.nextInt(count));
      return new Work(completion.sequence, chunk, want);
    }
    if (at >= completion.prompt.length
        && random.nextInt(4) == 0) { // verify a draft of several tokens
      int count = 1 + random.nextInt(completion.total - 1 - at);
      return new Work(
          completion.sequence,
          Arrays.copyOfRange(completion.ids, at, at + count),
          completion.reads(count));
    }
    int end = Math.max(completion.prompt.length, at + 1);
    int[] append = Arrays.copyOfRange(completion.ids, at, end);
    int step = end - completion.prompt.length;
    Want.Token token = new Want.Token(false).at(step);
    boolean last = completion.drawn == end - 1; // the token to append is the one drawn last
    after.add(
        () -> {
          assertEquals(completion.ids[end], token.id(), completion + " token " + step);
          completion.drawn = end;
        });
    if (step == 0 || !last) {
      restart(completion, step);
    }
    return last && random.nextBoolean()
        ? Work.appendDrawn(completion.sequence, token)
        : new Work(completion.sequence, append, token);
  }

  /** Resets the history; penalties count drawn tokens, so these are then drawn again. */
  private void restart(Completion completion, int step) {
    completion.sequence.drawing(completion.drawing, completion.sample);
    if (step == 0 || !completion.drawing.sampling().needsHistory()) {
      return;
    }
    int length = completion.sequence.length();
    for (int i = 0; i < step; i++) {
      completion.sequence.truncate(0);
      Want.Token token = new Want.Token(false).at(i);
      int[] before = Arrays.copyOf(completion.ids, completion.prompt.length + i);
      engine.step(List.of(new Work(completion.sequence, before, token)));
      assertEquals(
          completion.ids[completion.prompt.length + i],
          token.id(),
          completion + " token " + i + " again");
    }
    int from = Math.min(length, completion.sequence.length());
    completion.sequence.truncate(from);
    if (from < length) {
      engine.step(
          List.of(
              Work.append(completion.sequence, Arrays.copyOfRange(completion.ids, from, length))));
    }
  }

  private void forkOrTruncate(Completion completion) {
    if (random.nextInt(6) == 0) {
      Sequence fork = completion.sequence.fork();
      completion.sequence.close();
      completion.sequence = fork;
    }
    if (random.nextInt(12) == 0) {
      completion.sequence.truncate(random.nextInt(completion.sequence.length() + 1));
    }
  }
}
