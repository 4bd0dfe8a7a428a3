package gpt.generate;

import gpt.model.Backend;
import gpt.model.GptException;
import gpt.sampling.ChainTrace;
import gpt.sampling.Drawing;
import gpt.sampling.History;
import gpt.sampling.HostSampler;
import gpt.sampling.InvalidLogitsException;
import gpt.sampling.Logprobs;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.IntPredicate;

/**
 * One text after another with the same prompt, drawn on the host from the model's logits. The
 * prompt is prefilled once and returned to by truncation, unless sliding has overwritten it.
 */
final class HostSource implements Source {
  private final Backend backend;
  private final Drawing drawing;
  private final boolean traced;
  private final HostSampler sampler;
  private final int blockSize;
  private final int[] prompt;
  private final History history;

  private Backend.Session session;
  private float[] promptLogits;
  private boolean overwritten;

  /** Index of the current text. */
  private int sample;

  /** The prompt and all ids appended since. */
  private int[] ids;

  private int length;
  private int last;
  private Logprobs logprobs;
  private ChainTrace trace;
  private int prefillTokens;
  private long prefillNanos;

  /**
   * A source; the model is not run yet.
   *
   * @param prompt what the context has room for of the drawing's prompt, 1 to blockSize ids
   * @param traced whether it is kept how tokens are drawn
   */
  HostSource(Backend backend, Drawing drawing, int[] prompt, boolean traced) {
    this.backend = backend;
    this.drawing = drawing;
    this.traced = traced;
    this.prompt = prompt;
    int vocabSize = backend.config().vocabSize();
    sampler = new HostSampler(drawing.sampling(), vocabSize, drawing.stopIds());
    history = new History(vocabSize);
    sample = drawing.firstSample() - 1;
    blockSize = backend.config().blockSize();
    ids = Arrays.copyOf(prompt, prompt.length + 64);
  }

  @Override
  public int texts() {
    return 1;
  }

  @Override
  public int[] start() {
    sample++;
    length = prompt.length;
    history.start(drawing.prompt());
    return draw(prefillOnce());
  }

  /** The logits that follow the prompt (vocabSize). */
  private float[] prefillOnce() {
    prefillTokens = 0;
    boolean first = session == null;
    if (first) {
      session = backend.newSession();
    }
    long begin = System.nanoTime();
    if (first) {
      float[] logits = session.prefill(prompt);
      prefillTokens = prompt.length;
      // The backend reuses its array, and every sample starts from these.
      promptLogits = Arrays.copyOf(logits, backend.config().vocabSize());
    } else if (!overwritten) {
      session.truncate(prompt.length);
    } else if (prompt.length < blockSize) {
      session.truncate(0);
      session.prefill(prompt);
      prefillTokens = prompt.length;
      overwritten = false;
    } // else the session is full, as it would be with the prompt, and the next id slides anyway
    prefillNanos = System.nanoTime() - begin;
    return promptLogits;
  }

  @Override
  public boolean full() {
    return length >= blockSize;
  }

  @Override
  public int[] next(IntPredicate active) {
    if (length == ids.length) {
      ids = Arrays.copyOf(ids, length + (length >> 1) + 1);
    }
    boolean slide = full();
    ids[length++] = last;
    if (!slide) {
      return draw(session.decode(last));
    }
    // Every token moves by one position, so every key and value changes.
    overwritten = true;
    session.truncate(0);
    return draw(session.prefill(Arrays.copyOfRange(ids, length - blockSize, length)));
  }

  private int[] draw(float[] logits) {
    int step = length - prompt.length;
    try {
      if (traced) {
        trace = sampler.trace(logits, history, sample, step);
        last = trace.chosen();
      } else {
        last = sampler.sample(logits, history, sample, step);
      }
      history.add(last);
      if (drawing.logprobs() > 0) {
        logprobs = Logprobs.of(logits, backend.config().vocabSize(), last, drawing.logprobs());
      }
      return new int[] {last};
    } catch (InvalidLogitsException e) {
      throw new GptException(
          e.getMessage() + " (sample " + sample + ", new token " + (step + 1) + ")", e);
    }
  }

  @Override
  public Optional<Logprobs> logprobs(int text) {
    return Optional.ofNullable(logprobs);
  }

  @Override
  public Optional<ChainTrace> trace(int text) {
    return Optional.ofNullable(trace);
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
    if (session != null) {
      session.close();
    }
  }
}
