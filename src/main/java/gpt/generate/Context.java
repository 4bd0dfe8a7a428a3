package gpt.generate;

import gpt.model.Backend;
import java.util.Arrays;

/**
 * The model's view of one text after another with the same prompt: a session, and the ids of the
 * current text. The prompt is prefilled once and returned to by truncation, unless sliding has
 * overwritten it.
 */
final class Context implements AutoCloseable {
  private final Backend backend;
  private final int blockSize;
  private final int[] prompt;
  private Backend.Session session;
  private float[] promptLogits;
  private boolean overwritten;

  /** The prompt and all ids appended since. */
  private int[] ids;

  private int length;
  private int prefillTokens;
  private long prefillNanos;

  /**
   * A context; the model is not run yet.
   *
   * @param prompt 1 to blockSize ids
   */
  Context(Backend backend, int[] prompt) {
    this.backend = backend;
    this.prompt = prompt;
    blockSize = backend.config().blockSize();
    ids = Arrays.copyOf(prompt, prompt.length + 64);
  }

  /** Goes back to the prompt and returns the logits that follow it (vocabSize). */
  float[] start() {
    length = prompt.length;
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

  /** Whether another id would make the text longer than the model's context. */
  boolean full() {
    return length >= blockSize;
  }

  /** Appends an id, sliding where the context is full, and returns the logits that follow it. */
  float[] append(int id) {
    if (length == ids.length) {
      ids = Arrays.copyOf(ids, length + (length >> 1) + 1);
    }
    boolean slide = full();
    ids[length++] = id;
    if (!slide) {
      return session.decode(id);
    }
    // Every token moves by one position, so every key and value changes.
    overwritten = true;
    session.truncate(0);
    return session.prefill(Arrays.copyOfRange(ids, length - blockSize, length));
  }

  /** Prompt tokens that the last {@link #start} processed. */
  int prefillTokens() {
    return prefillTokens;
  }

  /** Time that the last {@link #start} took. */
  long prefillNanos() {
    return prefillNanos;
  }

  @Override
  public void close() {
    if (session != null) {
      session.close();
    }
  }
}
