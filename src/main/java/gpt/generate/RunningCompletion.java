package gpt.generate;

import gpt.engine.Sequence;
import gpt.engine.Want;
import gpt.engine.Work;
import java.util.Arrays;

/**
 * A completion while it is prefilled and decoded: its tokens, and its sequence, which holds the
 * keys and values of all but the pending ones.
 */
final class RunningCompletion {
  private final Delivery delivery;
  private final Request request;
  private final int blockSize;
  private final Want.Token token;
  private final int promptLength;
  private int[] ids; // the prompt, cropped to the context window, then the new tokens
  private int length;

  /** Index of the first id in the context window: above 0 once the window has slid. */
  private int first;

  private Sequence sequence;
  private Work appendDrawn;

  /** The completion whose sequence will be forked once it holds the shared prefix, or null. */
  private RunningCompletion parent;

  /** Number of the parent's tokens that the fork keeps. */
  private int sharedTokens;

  private final long begin = System.nanoTime();
  private int prefillTokens;
  private long prefillNanos;

  /**
   * Creates a completion without a sequence.
   *
   * @param prompt 1 to block_size ids
   */
  RunningCompletion(Delivery delivery, Request request, int[] prompt, int blockSize) {
    this.delivery = delivery;
    this.request = request;
    this.blockSize = blockSize;
    token = new Want.Token(request.traced());
    promptLength = prompt.length;
    ids = Arrays.copyOf(prompt, prompt.length + 64);
    length = prompt.length;
  }

  Delivery delivery() {
    return delivery;
  }

  Sequence sequence() {
    return sequence;
  }

  int promptLength() {
    return promptLength;
  }

  /** Starts from a sequence that holds a prefix of the prompt, which may be empty. */
  void start(Sequence prefix) {
    sequence = prefix;
    parent = null;
    sequence.drawing(request.drawing(delivery.sample()), delivery.sample());
    appendDrawn = Work.appendDrawn(sequence, token);
  }

  /** Returns the sequence and forgets it. */
  Sequence releaseSequence() {
    Sequence released = sequence;
    sequence = null;
    return released;
  }

  /**
   * Makes this completion wait until another one's sequence holds {@code tokens} shared tokens and
   * can be forked.
   */
  void waitFor(RunningCompletion other, int tokens) {
    parent = other;
    sharedTokens = tokens;
  }

  RunningCompletion parent() {
    return parent;
  }

  int sharedTokens() {
    return sharedTokens;
  }

  /** Number of tokens that have not been appended to the sequence. */
  int pending() {
    return length - first - sequence.length();
  }

  /** Whether the next step appends only the token drawn last. */
  boolean isDecoding() {
    return length > promptLength && pending() == 1;
  }

  /** Whether no token has been drawn. */
  boolean isPrefilling() {
    return length == promptLength;
  }

  /**
   * Returns this completion's work in the next step.
   *
   * @param rows number of pending tokens to append, at least 1
   */
  Work work(int rows) {
    if (isDecoding()) {
      return appendDrawn;
    }
    int from = first + sequence.length();
    int[] append = Arrays.copyOfRange(ids, from, from + rows);
    return new Work(sequence, append, from + rows == length ? nextToken() : Want.NOTHING);
  }

  private Want.Token nextToken() {
    return token.at(length - promptLength);
  }

  /**
   * Records the result of a step.
   *
   * @param rows number of tokens appended
   * @param nanos the completion's share of the step's duration
   */
  void stepDone(int rows, long nanos) {
    if (isPrefilling()) {
      prefillTokens += rows;
      prefillNanos += nanos;
    } else {
      delivery.recordDecode(nanos);
    }
    if (pending() > 0) {
      return;
    }
    if (token.failure().isPresent()) {
      delivery.fail(token.failure().get());
      return;
    }
    if (isPrefilling()) {
      delivery.recordPrefill(System.nanoTime() - begin, prefillTokens, prefillNanos);
    }
    add(token.id());
    delivery.add(token.id(), sequence.length() >= blockSize, token.logprobs(), token.trace());
    if (!delivery.ended()) {
      nextToken();
      if (length - first > blockSize) {
        // The window slides: every token's position changes, and so do all keys and values.
        first = length - blockSize;
        sequence.truncate(0);
      }
    }
  }

  private void add(int id) {
    if (length == ids.length) {
      ids = Arrays.copyOf(ids, length + (length >> 1));
    }
    ids[length++] = id;
  }

  /**
   * Length of the prefix that this completion's sequence now shares with another's prompt.
   *
   * @param drawn whether the keys and values of drawn tokens may be reused
   */
  int sharedPrefix(RunningCompletion other, boolean drawn) {
    return sequence == null ? 0 : other.sharedPrefix(ids, reusableLength(drawn));
  }

  /** As {@link #sharedPrefix}, once this completion's whole prompt is in its sequence. */
  int sharedPrefixAfterPrefill(RunningCompletion other, boolean drawn) {
    return isPrefilling() ? other.sharedPrefix(ids, drawn ? promptLength : promptLength - 1) : 0;
  }

  /** The ids in the sequence whose keys and values other completions may reuse. */
  int[] reusableIds(boolean drawn) {
    return Arrays.copyOf(ids, reusableLength(drawn));
  }

  private int reusableLength(boolean drawn) {
    if (first > 0) {
      return 0;
    }
    return Math.min(sequence.length(), drawn ? length : promptLength - 1);
  }

  /**
   * Length of the prefix that the first {@code max} of some ids share with this completion's
   * prompt. The prompt's last token does not count: its logits are needed, so it must be computed.
   */
  int sharedPrefix(int[] other, int max) {
    int end = Math.min(Math.min(max, other.length), promptLength - 1);
    int mismatch = Arrays.mismatch(ids, 0, end, other, 0, end);
    return mismatch < 0 ? end : mismatch;
  }
}
