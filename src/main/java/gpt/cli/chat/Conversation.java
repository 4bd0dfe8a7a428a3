package gpt.cli.chat;

import gpt.StopReason;
import gpt.generate.FinishedCompletion;
import gpt.tokenizer.ChatTemplate;
import gpt.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * What the model is given: all that was typed and generated so far, as far as it fits.
 *
 * <p>A base model continues one text. What is typed begins a new line of it, and an empty line only
 * lets the model go on. With a chat template, typed lines and completions are the turns of a
 * conversation.
 */
public final class Conversation {
  private static final String NEW_LINE = "\n";

  private final Tokenizer tokenizer;
  private final Optional<ChatTemplate> template;
  private final int blockSize;

  /** The ids of typed lines and completions, the oldest first. */
  private final List<int[]> turns = new ArrayList<>();

  /** Whether a typed line would continue the last line of the text. */
  private boolean midLine;

  /**
   * Begins an empty conversation.
   *
   * @param template empty for a base model
   * @param blockSize the context window in tokens
   */
  public Conversation(Tokenizer tokenizer, Optional<ChatTemplate> template, int blockSize) {
    this.tokenizer = tokenizer;
    this.template = template;
    this.blockSize = blockSize;
  }

  /** Forgets everything. */
  void reset() {
    turns.clear();
    midLine = false;
  }

  /** Whether an empty line says something: to a base model it does. */
  boolean takesEmptyLines() {
    return template.isEmpty();
  }

  /**
   * Adds a typed line.
   *
   * @throws gpt.GptException if the line cannot be encoded; it is not added then
   */
  void type(String line) {
    if (template.isPresent()) {
      turns.add(template.get().turn(line, tokenizer));
    } else if (turns.isEmpty()) {
      turns.add(tokenizer.encode(line.isEmpty() ? NEW_LINE : line));
    } else if (!line.isEmpty()) {
      turns.add(tokenizer.encode((midLine ? NEW_LINE : "") + line));
    }
  }

  /** Adds a completion, without its stop string. */
  void add(FinishedCompletion completion) {
    boolean stopped = completion.stopReason() == StopReason.STOP_STRING;
    int[] ids = stopped ? tokenizer.encode(completion.text()) : completion.ids();
    turns.add(template.map(t -> t.turn(ids, tokenizer)).orElse(ids));
    midLine =
        completion.stopReason() != StopReason.END_OF_TEXT && !completion.text().endsWith(NEW_LINE);
  }

  /** Number of tokens so far. */
  int length() {
    return turns.stream().mapToInt(turn -> turn.length).sum();
  }

  /**
   * The tokens to continue: all, or the last ones that leave room for {@code newTokens} more. A
   * turn of a conversation is left out as a whole.
   */
  int[] prompt(int newTokens) {
    int room = roomFor(newTokens);
    int from = Math.max(0, length() - room);
    if (template.isPresent()) {
      int start = 0;
      for (int i = 0; start < from && i < turns.size() - 1; i++) {
        start += turns.get(i).length;
      }
      from = Math.max(from, start);
    }
    return turns.stream().flatMapToInt(IntStream::of).skip(from).toArray();
  }

  /** The longest prompt that leaves room for new tokens; at least half of the context window. */
  int roomFor(int newTokens) {
    return Math.max(blockSize - newTokens, Math.ceilDiv(blockSize, 2));
  }
}
