package gpt.generate;

import gpt.sampling.ChainTrace;
import gpt.sampling.Logprobs;
import gpt.tokenizer.Tokenizer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Queue;

/**
 * One text in the making. Tokens are taken as they come and told to the listener when it is this
 * text's turn: texts that are generated together are heard of one after another.
 */
final class Run {
  private static final double SECOND = 1e9;

  /** A token that the listener has not heard of yet, and the text that can be printed with it. */
  private record Step(
      int id, String text, Optional<Logprobs> logprobs, Optional<ChainTrace> trace) {}

  private final Request request;
  private final Listener listener;
  private final int sample;
  private final TextStream stream;
  private final Queue<Step> untold = new ArrayDeque<>();
  private int taken;
  private StopReason reason;

  // What the listener has heard of.
  private final List<Integer> ids = new ArrayList<>();
  private final List<Logprobs> logprobs = new ArrayList<>();
  private final StringBuilder text = new StringBuilder();

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
  Run(Request request, Tokenizer tokenizer, Listener listener, int sample) {
    this.request = request;
    this.listener = listener;
    this.sample = sample;
    stream =
        tokenizer == null ? null : new TextStream(tokenizer, request.promptIds(), request.stops());
    if (request.maxNewTokens() == 0) {
      reason = StopReason.MAX_NEW_TOKENS;
    }
  }

  /** The text's index. */
  int sample() {
    return sample;
  }

  /** Whether the text has ended. */
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
    if (end) {
      reason = StopReason.END_OF_TEXT;
    } else if (stream != null && stream.stopped()) {
      reason = StopReason.STOP_STRING;
    } else if (taken == request.maxNewTokens()) {
      reason = StopReason.MAX_NEW_TOKENS;
    } else if (full && request.onFull() == OnFull.STOP) {
      reason = StopReason.CONTEXT_FULL;
    }
    if (ended() && stream != null) {
      printable += stream.flush();
    }
    untold.add(new Step(id, printable, logprob, trace));
  }

  /** Tells the listener of what has come. Where it wants no more, the text ends there. */
  void tell() {
    while (!untold.isEmpty()) {
      Step step = untold.remove();
      ids.add(step.id);
      step.logprobs.ifPresent(logprobs::add);
      text.append(step.text);
      step.trace.ifPresent(trace -> listener.traced(sample, trace));
      if (!listener.token(sample, step.id, step.text)) {
        untold.clear();
        reason = StopReason.CANCELLED;
      }
    }
  }

  /** The first token took so long; the prompt's tokens are this text's, or 0 where shared. */
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
        reason,
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
