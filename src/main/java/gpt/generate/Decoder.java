package gpt.generate;

import gpt.engine.Engine;
import gpt.engine.Sequence;
import gpt.engine.Want;
import gpt.engine.Work;
import gpt.sampling.Drawing;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * Texts with the same prompt that are decoded together, each a sequence forked from the first. The
 * prompt is processed once and returned to by truncation, unless sliding has overwritten it.
 */
final class Decoder implements AutoCloseable {
  private final Engine engine;
  private final int blockSize;
  private final int[] prompt;
  private final boolean traced;
  private final List<Text> texts = new ArrayList<>();
  private final List<Work> work = new ArrayList<>();

  /** Whether the first sequence still begins with all of the prompt but its last token. */
  private boolean promptKept;

  /** Tokens of each text, the prompt's included, without the one drawn last. */
  private int length;

  private int prefillTokens;
  private long prefillNanos;

  private static final class Text {
    final Sequence sequence;
    final Want.Token token;
    final Work next;

    /** The prompt and all tokens drawn since, which sliding needs. */
    int[] ids;

    Text(Sequence sequence, boolean traced, int[] prompt) {
      this.sequence = sequence;
      token = new Want.Token(traced);
      next = Work.appendDrawn(sequence, token);
      ids = Arrays.copyOf(prompt, prompt.length + 64);
    }

    void keep(int at) {
      if (at == ids.length) {
        ids = Arrays.copyOf(ids, at + (at >> 1) + 1);
      }
      ids[at] = token.id();
    }
  }

  /**
   * A decoder; the model is not run yet.
   *
   * @param prompt 1 to block_size ids
   * @param traced whether it is kept how tokens are drawn
   */
  Decoder(Engine engine, int[] prompt, boolean traced) {
    this.engine = engine;
    this.prompt = prompt;
    this.traced = traced;
    blockSize = engine.config().blockSize();
  }

  /**
   * Goes back to the prompt and draws the token that follows it, for each text.
   *
   * @param count how many texts, at most the engine's capacity
   */
  void start(Drawing drawing, int count) {
    long begin = System.nanoTime();
    Sequence first = texts.isEmpty() ? engine.open() : texts.getFirst().sequence;
    for (Text text : texts.subList(Math.min(1, texts.size()), texts.size())) {
      text.sequence.close();
    }
    texts.clear();
    texts.add(new Text(first, traced, prompt));
    int prefix = promptKept ? prompt.length - 1 : 0;
    if (first.length() > prefix) {
      first.truncate(prefix);
    }
    prefillTokens = promptKept ? 0 : prompt.length;
    if (!promptKept && count > 1 && prompt.length > 1) {
      prefix = prompt.length - 1;
      engine.step(List.of(Work.append(first, Arrays.copyOf(prompt, prefix))));
    }
    while (texts.size() < count) {
      texts.add(new Text(first.fork(), traced, prompt));
    }
    int[] rest = Arrays.copyOfRange(prompt, prefix, prompt.length);
    work.clear();
    for (int i = 0; i < count; i++) {
      Text text = texts.get(i);
      text.sequence.drawing(drawing, drawing.firstSample() + i);
      work.add(new Work(text.sequence, rest, text.token.at(0)));
    }
    length = prompt.length;
    engine.step(work);
    texts.forEach(text -> text.keep(length));
    promptKept = true;
    prefillNanos = System.nanoTime() - begin;
  }

  /**
   * Appends to each text the token that was drawn for it last, sliding where the contexts are full,
   * and draws the next one.
   *
   * @param active which texts go on
   */
  void next(IntPredicate active) {
    boolean slide = full();
    length++;
    work.clear();
    for (int i = 0; i < texts.size(); i++) {
      if (!active.test(i)) {
        continue;
      }
      Text text = texts.get(i);
      text.token.at(length - prompt.length);
      if (slide) {
        // Every token moves by one position, so every key and value changes.
        text.sequence.truncate(0);
        int[] tail = Arrays.copyOfRange(text.ids, length - blockSize, length);
        work.add(new Work(text.sequence, tail, text.token));
        promptKept = false;
      } else {
        work.add(text.next);
      }
    }
    if (slide) {
      work.forEach(one -> engine.step(List.of(one))); // whole contexts, one at a time
    } else {
      engine.step(work);
    }
    for (int i = 0; i < texts.size(); i++) {
      if (active.test(i)) {
        texts.get(i).keep(length);
      }
    }
  }

  /** The token that was drawn for a text last. */
  Want.Token token(int text) {
    return texts.get(text).token;
  }

  /** Whether another token would make the texts longer than the model's context. */
  boolean full() {
    return length >= blockSize;
  }

  /** Prompt tokens that the last {@link #start} processed. */
  int prefillTokens() {
    return prefillTokens;
  }

  /** Time that they took, the first tokens' drawing included. */
  long prefillNanos() {
    return prefillTokens == 0 ? 0 : prefillNanos;
  }

  @Override
  public void close() {
    texts.forEach(text -> text.sequence.close());
  }
}
