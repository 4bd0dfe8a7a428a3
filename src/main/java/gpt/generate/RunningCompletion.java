package gpt.generate;

import gpt.engine.Sequence;
import gpt.engine.Want;
import gpt.engine.Work;
import java.util.Arrays;

/** One text while it is decoded: its tokens, and how many of them its sequence holds. */
final class RunningCompletion {
  private final Delivery delivery;
  private final Request request;
  private final int blockSize;
  private final Want.Token token;
  private final int promptLength;
  private int[] ids; // the prompt as the model sees it, then what was drawn
  private int length;

  /** Index of the first id that the sequence holds: above 0 once the context has slid. */
  private int first;

  private Sequence sequence;
  private Work appendDrawn;

  /** The text whose prompt is awaited, to fork it; null where none is. */
  private RunningCompletion parent;

  /** Tokens that this text takes over from its parent. */
  private int shared;

  private final long begin = System.nanoTime();
  private int prefillTokens;
  private long prefillNanos;

  /**
   * A text that has no sequence yet.
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

  /** What has been drawn, for the listener. */
  Delivery delivery() {
    return delivery;
  }

  Sequence sequence() {
    return sequence;
  }

  int promptLength() {
    return promptLength;
  }

  /** Takes a sequence that holds the first tokens of the prompt, and no others. */
  void begin(Sequence with) {
    sequence = with;
    parent = null;
    sequence.drawing(request.drawing(delivery.sample()), delivery.sample());
    appendDrawn = Work.appendDrawn(sequence, token);
  }

  /** Gives the sequence up. */
  Sequence end() {
    Sequence released = sequence;
    sequence = null;
    return released;
  }

  /** Waits for another text's prompt, to fork it after so many tokens. */
  void await(RunningCompletion other, int tokens) {
    parent = other;
    shared = tokens;
  }

  RunningCompletion parent() {
    return parent;
  }

  int shared() {
    return shared;
  }

  /** Tokens, in order, that the sequence lacks. */
  int pending() {
    return length - first - sequence.length();
  }

  /** Whether the next step appends the token drawn last, and no more. */
  boolean isDecoding() {
    return length > promptLength && pending() == 1;
  }

  /** Whether the prompt is not all in the sequence. */
  boolean isPrompt() {
    return length == promptLength;
  }

  /**
   * What a step does for this text.
   *
   * @param rows how many of the pending tokens are appended, at least 1
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
   * A step is done.
   *
   * @param rows tokens that it appended
   * @param nanos the text's share of its time
   */
  void stepped(int rows, long nanos) {
    if (isPrompt()) {
      prefillTokens += rows;
      prefillNanos += nanos;
    } else {
      delivery.decoded(nanos);
    }
    if (pending() > 0) {
      return;
    }
    if (token.failure().isPresent()) {
      delivery.fail(token.failure().get());
      return;
    }
    if (isPrompt()) {
      delivery.started(System.nanoTime() - begin, prefillTokens, prefillNanos);
    }
    add(token.id());
    delivery.take(token.id(), sequence.length() >= blockSize, token.logprobs(), token.trace());
    if (!delivery.ended()) {
      nextToken();
      if (length - first > blockSize) {
        // Every token moves by one position, so every key and value changes.
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
   * Tokens that this text's sequence has in common with the beginning of another's prompt.
   *
   * @param drawn whether the keys and values of drawn tokens count
   */
  int inCommon(RunningCompletion other, boolean drawn) {
    return sequence == null ? 0 : common(other, Math.min(sequence.length(), reusable(drawn)));
  }

  /** The same once this text's prompt is in its sequence. */
  int inCommonLater(RunningCompletion other, boolean drawn) {
    return isPrompt() ? common(other, drawn ? promptLength : promptLength - 1) : 0;
  }

  /** The ids that its sequence holds and another text may reuse. */
  int[] reusableIds(boolean drawn) {
    return Arrays.copyOf(ids, Math.min(sequence.length(), reusable(drawn)));
  }

  private int reusable(boolean drawn) {
    if (first > 0) {
      return 0;
    }
    return drawn ? length : promptLength - 1;
  }

  private int common(RunningCompletion other, int most) {
    return other.inCommon(ids, most);
  }

  /** Tokens at the beginning of some ids that are this text's prompt's too, but for its last. */
  int inCommon(int[] other, int most) {
    int end = Math.min(Math.min(most, other.length), promptLength - 1);
    int mismatch = Arrays.mismatch(ids, 0, end, other, 0, end);
    return mismatch < 0 ? end : mismatch;
  }
}
