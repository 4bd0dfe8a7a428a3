package gpt.generate;

import gpt.GptException;
import gpt.OnFull;
import gpt.StopReason;
import gpt.Timings;
import gpt.sampling.ChainTrace;
import gpt.sampling.Logprobs;
import gpt.tokenizer.TextStream;
import gpt.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Queues the tokens of one completion between the scheduler and the listener, which may be on
 * different threads. The scheduler's thread adds tokens; the listener's thread delivers them; any
 * thread may cancel.
 */
final class Delivery {
  private static final double SECOND = 1e9;

  /**
   * A token to deliver, the end of the completion, or both.
   *
   * @param id the token; below 0 if none
   * @param text the text that this token completes: no later token can change it
   * @param end why the completion ends here; null if it continues
   */
  private record Event(
      int id,
      String text,
      Optional<Logprobs> logprobs,
      Optional<ChainTrace> trace,
      StopReason end) {
    /** An end without a token. */
    static Event end(StopReason why) {
      return new Event(-1, "", Optional.empty(), Optional.empty(), why);
    }
  }

  private final Request request;
  private final Listener listener;
  private final int sample;
  private final TextStream stream;
  private final BlockingQueue<Event> pending = new LinkedBlockingQueue<>();
  private int tokens;
  private volatile StopReason reason;
  private volatile RuntimeException failure;

  // What has been delivered.
  private final List<Integer> ids = new ArrayList<>();
  private final List<Logprobs> logprobs = new ArrayList<>();
  private final StringBuilder text = new StringBuilder();
  private StopReason deliveredEnd; // null until the end is delivered

  private long firstTokenNanos;
  private int prefillTokens;
  private long prefillNanos;
  private long decodeNanos;

  /**
   * Creates the delivery of a completion that has no tokens yet.
   *
   * @param tokenizer may be null: then the listener receives ids without text
   * @param sample index of the completion
   */
  Delivery(Request request, Tokenizer tokenizer, Listener listener, int sample) {
    this.request = request;
    this.listener = listener;
    this.sample = sample;
    stream =
        tokenizer == null
            ? null
            : new TextStream(tokenizer, request.promptIds(), request.length().stops());
    if (request.length().maxNewTokens() == 0) {
      reason = StopReason.MAX_NEW_TOKENS;
      pending.add(Event.end(reason));
    }
  }

  /** Index of the completion. */
  int sample() {
    return sample;
  }

  /** See {@link Listener#caller}. */
  Object caller() {
    return listener.caller();
  }

  /** Whether the completion has ended, was cancelled or has failed. */
  boolean ended() {
    return reason != null;
  }

  /**
   * Adds a new token.
   *
   * @param full whether the context window is full, so that the token cannot be appended
   * @param logprob its log-probabilities, if requested
   * @param trace its trace, if requested
   */
  void add(int id, boolean full, Optional<Logprobs> logprob, Optional<ChainTrace> trace) {
    tokens++;
    boolean end = request.ends(id);
    String printable = end || stream == null ? "" : stream.add(id);
    StopReason why = null;
    if (end) {
      why = StopReason.END_OF_TEXT;
    } else if (stream != null && stream.stopped()) {
      why = StopReason.STOP_STRING;
    } else if (tokens == request.length().maxNewTokens()) {
      why = StopReason.MAX_NEW_TOKENS;
    } else if (full && request.length().onFull() == OnFull.STOP) {
      why = StopReason.CONTEXT_FULL;
    }
    if (why != null && stream != null) {
      printable += stream.flush();
    }
    pending.add(new Event(id, printable, logprob, trace, why));
    if (why != null && !ended()) {
      reason = why;
    }
  }

  /** Ends the completion with an error, which {@link #deliver} throws on the listener's thread. */
  void fail(RuntimeException e) {
    failure = e;
    reason = StopReason.CANCELLED;
    pending.add(Event.end(reason));
  }

  /** Ends the completion and discards what has not been delivered. Any thread may call this. */
  void cancel() {
    reason = StopReason.CANCELLED;
    pending.clear();
    pending.add(Event.end(reason));
  }

  /**
   * Delivers the pending tokens to the listener, without waiting. Cancels the completion if the
   * listener returns false.
   *
   * @return whether the completion's end has been delivered
   * @throws GptException if the completion has failed
   */
  boolean deliver() {
    Event event = pending.poll();
    while (event != null && deliveredEnd == null) {
      deliver(event);
      event = deliveredEnd == null ? pending.poll() : null;
    }
    return deliveredEnd != null;
  }

  /** Waits for a token or the end, then delivers as {@link #deliver}. */
  boolean await() throws InterruptedException {
    if (deliveredEnd == null) {
      deliver(pending.take());
    }
    return deliver();
  }

  private void deliver(Event event) {
    deliveredEnd = event.end;
    if (event.id >= 0) {
      ids.add(event.id);
      event.logprobs.ifPresent(this::deliver);
      text.append(event.text);
      event.trace.ifPresent(trace -> listener.traced(sample, trace));
      if (!listener.token(sample, event.id, event.text)) {
        cancel();
        deliveredEnd = StopReason.CANCELLED;
      }
    } else if (failure instanceof GptException e) {
      throw new GptException(e.getMessage(), e); // with this thread's stack trace
    } else if (failure != null) {
      throw failure;
    }
  }

  private void deliver(Logprobs each) {
    logprobs.add(each);
    listener.logprobs(sample, each);
  }

  /**
   * Records the timings of the prefill.
   *
   * @param untilFirstToken nanoseconds from the request to the first token
   * @param promptTokens number of prompt tokens computed for this completion, without reused ones
   * @param nanos this completion's share of the steps that computed them
   */
  void recordPrefill(long untilFirstToken, int promptTokens, long nanos) {
    firstTokenNanos = untilFirstToken;
    prefillTokens = promptTokens;
    prefillNanos = nanos;
  }

  /** Adds this completion's share of a decode step's duration. */
  void recordDecode(long nanos) {
    decodeNanos += nanos;
  }

  /**
   * Returns what has been delivered.
   *
   * @param prompt the prompt ids in the context window
   */
  FinishedCompletion finished(int[] prompt) {
    return new FinishedCompletion(
        sample,
        prompt.clone(),
        ids.stream().mapToInt(id -> id).toArray(),
        stream == null ? null : text.toString(),
        deliveredEnd,
        List.copyOf(logprobs),
        new Timings(
            firstTokenNanos / SECOND,
            prefillTokens,
            prefillNanos / SECOND,
            Math.max(0, ids.size() - 1),
            decodeNanos / SECOND),
        OptionalDouble.empty());
  }
}
