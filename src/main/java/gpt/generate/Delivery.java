package gpt.generate;

import gpt.GptException;
import gpt.OnFull;
import gpt.StopReason;
import gpt.Timings;
import gpt.sampling.ChainTrace;
import gpt.sampling.Logprobs;
import gpt.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * The tokens of one text on their way from the scheduler to the listener, who may be on another
 * thread: one thread takes tokens, one delivers them when it is this text's turn, and any may
 * cancel it.
 */
final class Delivery {
  private static final double SECOND = 1e9;

  /**
   * A token that the listener has not heard of, and the text that can be printed with it.
   *
   * @param id below 0 is no token
   * @param end why the text ends with this token; null if it continues
   */
  private record Step(
      int id,
      String text,
      Optional<Logprobs> logprobs,
      Optional<ChainTrace> trace,
      StopReason end) {
    /** The end of a text without a token. */
    static Step end(StopReason why) {
      return new Step(-1, "", Optional.empty(), Optional.empty(), why);
    }
  }

  private final Request request;
  private final Listener listener;
  private final int sample;
  private final TextStream stream;
  private final BlockingQueue<Step> pending = new LinkedBlockingQueue<>();
  private int taken;
  private volatile StopReason reason;
  private volatile RuntimeException failure;

  // What the listener has heard of.
  private final List<Integer> ids = new ArrayList<>();
  private final List<Logprobs> logprobs = new ArrayList<>();
  private final StringBuilder text = new StringBuilder();
  private StopReason deliveredEnd; // null while there may be more

  private long firstTokenNanos;
  private int prefillTokens;
  private long prefillNanos;
  private long decodeNanos;

  /**
   * A text without tokens.
   *
   * @param tokenizer may be null: then there are ids only
   * @param sample its index
   */
  Delivery(Request request, Tokenizer tokenizer, Listener listener, int sample) {
    this.request = request;
    this.listener = listener;
    this.sample = sample;
    stream =
        tokenizer == null ? null : new TextStream(tokenizer, request.promptIds(), request.stops());
    if (request.maxNewTokens() == 0) {
      reason = StopReason.MAX_NEW_TOKENS;
      pending.add(Step.end(reason));
    }
  }

  /** The text's index. */
  int sample() {
    return sample;
  }

  /** Whether the text has ended, was cancelled or has failed: no token is taken any more. */
  boolean ended() {
    return reason != null;
  }

  /**
   * Takes a token.
   *
   * @param full whether the context is full with it
   * @param logprob its log-probabilities, if they are wanted
   * @param trace how it was drawn, if that is wanted
   */
  void take(int id, boolean full, Optional<Logprobs> logprob, Optional<ChainTrace> trace) {
    taken++;
    boolean end = request.ends(id);
    String printable = end || stream == null ? "" : stream.add(id);
    StopReason why = null;
    if (end) {
      why = StopReason.END_OF_TEXT;
    } else if (stream != null && stream.stopped()) {
      why = StopReason.STOP_STRING;
    } else if (taken == request.maxNewTokens()) {
      why = StopReason.MAX_NEW_TOKENS;
    } else if (full && request.onFull() == OnFull.STOP) {
      why = StopReason.CONTEXT_FULL;
    }
    if (why != null && stream != null) {
      printable += stream.flush();
    }
    pending.add(new Step(id, printable, logprob, trace, why));
    if (why != null && !ended()) {
      reason = why;
    }
  }

  /** Ends the text with an error, which the listener's thread meets. */
  void fail(RuntimeException e) {
    failure = e;
    reason = StopReason.CANCELLED;
    pending.add(Step.end(reason));
  }

  /** Ends the text; nothing more is delivered. Any thread may call this. */
  void cancel() {
    reason = StopReason.CANCELLED;
    pending.clear();
    pending.add(Step.end(reason));
  }

  /**
   * Delivers what has come to the listener. Where it wants no more, the text ends there.
   *
   * @return whether that was all of the text
   * @throws GptException where the text has failed
   */
  boolean deliver() {
    Step step = pending.poll();
    while (step != null && deliveredEnd == null) {
      deliver(step);
      step = deliveredEnd == null ? pending.poll() : null;
    }
    return deliveredEnd != null;
  }

  /** As {@link #deliver}, once there is something to deliver. */
  boolean await() throws InterruptedException {
    if (deliveredEnd == null) {
      deliver(pending.take());
    }
    return deliver();
  }

  private void deliver(Step step) {
    deliveredEnd = step.end;
    if (step.id >= 0) {
      ids.add(step.id);
      step.logprobs.ifPresent(logprobs::add);
      text.append(step.text);
      step.trace.ifPresent(trace -> listener.traced(sample, trace));
      if (!listener.token(sample, step.id, step.text)) {
        cancel();
        deliveredEnd = StopReason.CANCELLED;
      }
    } else if (failure instanceof GptException e) {
      throw new GptException(e.getMessage(), e); // with this thread's stack trace
    } else if (failure != null) {
      throw failure;
    }
  }

  /** The first token took so long; of the prompt so many tokens were processed for this text. */
  void started(long nanos, int tokens, long tokensNanos) {
    firstTokenNanos = nanos;
    prefillTokens = tokens;
    prefillNanos = tokensNanos;
  }

  /** A further token took so long, or this text's share of it. */
  void decoded(long nanos) {
    decodeNanos += nanos;
  }

  /**
   * The text as the listener has heard it.
   *
   * @param prompt what the model saw of it
   * @param dropped ids that came before
   */
  Generation generation(int[] prompt, int dropped) {
    return new Generation(
        sample,
        prompt.clone(),
        dropped,
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
