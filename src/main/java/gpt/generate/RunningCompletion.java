package gpt.generate;

import gpt.OnFull;
import gpt.engine.Sequence;
import gpt.engine.Want;
import gpt.engine.Work;
import gpt.generate.draft.DraftedCompletion;
import gpt.sampling.Drawing;
import java.util.Arrays;
import java.util.Iterator;

/**
 * A completion while it is prefilled and decoded: its tokens, and its sequence, which holds the
 * keys and values of all but the pending ones.
 */
final class RunningCompletion implements DraftedCompletion {
  private final Delivery delivery;
  private final Request request;
  private final int blockSize;
  private final Want.Token token;
  private final int promptLength;
  private int[] ids; // the prompt, cropped to the context window, then the new tokens
  private int length;

  /** Index of the first id in the context window: above 0 once the window has moved. */
  private int first;

  private Sequence sequence;
  private Work appendDrawn;

  /** Drafts of the next tokens, to be verified by the next step. */
  private int[] drafts = {};

  /** What the current step returns for the drafts; null if it has none. */
  private Want.Verification verification;

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

  @Override
  public Sequence sequence() {
    return sequence;
  }

  int promptLength() {
    return promptLength;
  }

  /** Starts from a sequence that holds a prefix of the prompt, which may be empty. */
  void start(Sequence prefix) {
    sequence = prefix;
    parent = null;
    sequence.drawing(drawing(), sample());
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

  // Speculative decoding.

  @Override
  public int sample() {
    return delivery.sample();
  }

  @Override
  public int maxDrafts() {
    if (!isDecoding() || request.traced()) {
      return 0;
    }
    int room = blockSize - sequence.length() - 1;
    return Math.max(0, Math.min(room, remaining() - 1));
  }

  @Override
  public int remaining() {
    int left = request.length().maxNewTokens() - (length - promptLength);
    return request.length().onFull() == OnFull.STOP ? Math.min(left, blockSize + 1 - length) : left;
  }

  @Override
  public void draft(int... tokens) {
    drafts = tokens;
  }

  @Override
  public int drafts() {
    return drafts.length;
  }

  @Override
  public int length() {
    return length;
  }

  @Override
  public int id(int index) {
    return ids[index];
  }

  @Override
  public int firstInContext() {
    return first;
  }

  @Override
  public int nextStep() {
    return length - promptLength;
  }

  @Override
  public Drawing drawing() {
    return request.drawing();
  }

  /**
   * Returns this completion's work in the next step.
   *
   * @param rows number of pending tokens to append, at least 1
   */
  Work work(int rows) {
    if (isDecoding() && drafts.length > 0) {
      int[] append = new int[drafts.length + 1];
      append[0] = ids[length - 1];
      System.arraycopy(drafts, 0, append, 1, drafts.length);
      verification = new Want.Verification(nextStep());
      return new Work(sequence, append, verification);
    }
    if (isDecoding()) {
      return appendDrawn;
    }
    int from = first + sequence.length();
    int[] append = Arrays.copyOfRange(ids, from, from + rows);
    return new Work(sequence, append, from + rows == length ? nextToken() : Want.NOTHING);
  }

  private Want.Token nextToken() {
    return token.at(nextStep());
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
    if (verification != null) {
      verified();
      return;
    }
    if (pending() > 0) {
      return;
    }
    if (isPrefilling() && token.failure().isEmpty()) {
      delivery.recordPrefill(System.nanoTime() - begin, prefillTokens, prefillNanos);
    }
    add(token, sequence.length());
    slide();
  }

  /** Adds the tokens that a step with drafts has drawn, and removes the wrong drafts. */
  private void verified() {
    int before = sequence.length() - drafts.length;
    Iterator<Want.Token> drawn = verification.tokens().iterator();
    while (drawn.hasNext() && !delivery.ended()) {
      add(drawn.next(), before++);
    }
    drafts = new int[0];
    verification = null;
    sequence.truncate(Math.min(sequence.length(), length - first - 1));
    slide();
  }

  /**
   * Adds a drawn token.
   *
   * @param context number of tokens in the sequence that the token follows
   */
  private void add(Want.Token drawn, int context) {
    if (drawn.failure().isPresent()) {
      delivery.fail(drawn.failure().get());
      return;
    }
    add(drawn.id());
    delivery.add(drawn.id(), context >= blockSize, drawn.logprobs(), drawn.trace());
  }

  /** Prepares the next token; makes room for it where the context window is full. */
  private void slide() {
    if (delivery.ended()) {
      return;
    }
    nextToken();
    if (length - first > blockSize) {
      // The window moves: every token's position changes, and so do all keys and values.
      first += request.length().dropped(blockSize);
      sequence.truncate(0);
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
