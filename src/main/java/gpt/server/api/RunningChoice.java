package gpt.server.api;

import gpt.StopReason;
import gpt.generate.FinishedCompletion;
import gpt.sampling.Logprobs;
import gpt.tokenizer.Utf8Decoder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Collects the tokens of one completion into {@link Delta}s. A token's log-probabilities go out
 * with the text that begins with it, so that those of a stop string never do.
 */
final class RunningChoice {
  private final ServedModel model;
  private final Utf8Decoder decoder;
  private final boolean scored;
  private final Deque<ScoredToken> pending = new ArrayDeque<>();
  private final StringBuilder text = new StringBuilder();
  private final List<Integer> ids = new ArrayList<>();
  private int offset; // of the next token
  private int textEnd; // code points of the prompt and of the text in earlier deltas
  private double sum;
  private int tokens;

  /**
   * Creates a choice without tokens.
   *
   * @param prompt the prompt's ids
   * @param scored whether deltas have log-probabilities
   */
  RunningChoice(ServedModel model, int[] prompt, boolean scored) {
    this.model = model;
    this.scored = scored;
    decoder = new Utf8Decoder();
    for (int id : prompt) {
      offset += length(model.decode(decoder, id));
    }
    textEnd = offset;
  }

  private static int length(String text) {
    return text.codePointCount(0, text.length());
  }

  /** Adds the prompt to the text. */
  void echo(String prompt, List<ScoredToken> tokens) {
    text.append(prompt);
    textEnd = 0;
    pending.addAll(tokens);
  }

  /**
   * Adds a token.
   *
   * @param printable the text that is final with it
   * @param logprobs its log-probabilities; null if none were computed
   */
  void add(int id, String printable, Logprobs logprobs) {
    tokens++;
    ids.add(id);
    text.append(printable);
    if (logprobs != null) {
      sum += logprobs.chosen();
      if (scored) {
        pending.add(new ScoredToken(id, offset, logprobs));
      }
    }
    offset += length(model.decode(decoder, id));
  }

  /** Whether a delta would have text. */
  boolean hasText() {
    return !text.isEmpty();
  }

  /** Number of new tokens. */
  int tokens() {
    return tokens;
  }

  /** Mean log-probability of the new tokens, by which {@code best_of} ranks. */
  double score() {
    return tokens == 0 ? 0 : sum / tokens;
  }

  /**
   * Takes what has been added since the last delta.
   *
   * @param index index of the choice in the response
   * @param ended the finished completion; null while it runs
   */
  Delta delta(int index, FinishedCompletion ended) {
    textEnd += length(text.toString());
    List<ScoredToken> logprobs = new ArrayList<>();
    boolean texts = model.hasTokenizer();
    while (!pending.isEmpty() && (!texts || pending.element().offset() < textEnd)) {
      logprobs.add(pending.remove());
    }
    Delta delta =
        new Delta(
            index,
            text.toString(),
            List.copyOf(ids),
            logprobs,
            ended == null ? null : finish(ended.stopReason()));
    text.setLength(0);
    ids.clear();
    return delta;
  }

  private static String finish(StopReason reason) {
    return switch (reason) {
      case END_OF_TEXT, STOP_STRING -> "stop";
      case MAX_NEW_TOKENS, CONTEXT_FULL, CANCELLED -> "length";
    };
  }
}
