package gpt.cli.chat;

import gpt.GptException;
import gpt.generate.FinishedCompletion;
import gpt.generate.Generator;
import gpt.generate.Listener;
import gpt.generate.Request;
import gpt.sampling.SamplingParameters;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Reads lines and prints how the model continues the conversation, until the lines end. Lines that
 * begin with a slash are commands. Completion i is sample i of the seed, so the first one is what
 * {@code gpt --prompt} prints.
 */
public final class Chat {
  private static final String RESET = "/reset";
  private static final String SEED = "/seed";
  private static final String TEMPERATURE = "/temperature";
  private static final String HELP = "/help";
  private static final String QUIT = "/quit";

  /** The commands, for completion. */
  public static final List<String> COMMANDS = List.of(HELP, RESET, SEED, TEMPERATURE, QUIT);

  private static final String HELP_TEXT =
      """
      /reset          forget the text so far
      /seed N         draw with another seed
      /temperature T  0 is greedy, 1 keeps the model's probabilities
      /quit           end, as Ctrl-D does
      //TEXT          a text that begins with a slash
      Ctrl-C ends a completion. A base model continues the text so far: an empty line lets it go on.
      """;

  private final Generator generator;
  private final Conversation conversation;
  private final LineSource lines;
  private final Output out;
  private final Consumer<String> notes;
  private final Request.Length length;
  private SamplingParameters sampling;

  /** Index of the next completion. */
  private int sample;

  private boolean cropNoted;

  /** Receives text to print. */
  @FunctionalInterface
  public interface Output {
    void write(String text) throws IOException;
  }

  /**
   * Prepares a chat.
   *
   * @param notes receives lines for standard error
   */
  public Chat(
      Generator generator,
      Conversation conversation,
      LineSource lines,
      Output out,
      Consumer<String> notes,
      Request.Length length,
      SamplingParameters sampling) {
    this.generator = generator;
    this.conversation = conversation;
    this.lines = lines;
    this.out = out;
    this.notes = notes;
    this.length = length;
    this.sampling = sampling;
  }

  /**
   * Runs until the lines end or /quit.
   *
   * @throws GptException for a line that cannot be answered, unless a person typed it
   */
  public void run() throws IOException {
    for (Optional<String> line = lines.next(); line.isPresent(); line = lines.next()) {
      if (line.get().equals(QUIT)) {
        return;
      }
      try {
        answer(line.get());
      } catch (GptException e) {
        if (!lines.isTerminal()) {
          throw e;
        }
        notes.accept(e.getMessage());
      }
    }
  }

  private void answer(String line) throws IOException {
    if (line.startsWith("/") && !line.startsWith("//")) {
      command(line.strip().split("\\s+"));
    } else if (!line.isEmpty() || conversation.takesEmptyLines()) {
      conversation.type(line.startsWith("/") ? line.substring(1) : line);
      complete();
    }
  }

  private void command(String[] words) throws IOException {
    String argument = words.length == 2 ? words[1] : "";
    switch (words[0]) {
      case RESET -> reset();
      case SEED -> {
        sampling = sampling.toBuilder().seed(seed(argument)).build();
        sample = 0;
      }
      case TEMPERATURE -> sampling = withTemperature(argument);
      case HELP -> out.write(HELP_TEXT);
      default ->
          throw new GptException(
              "unknown command '" + words[0] + "'; expected " + String.join(", ", COMMANDS));
    }
  }

  private void reset() {
    conversation.reset();
    sample = 0;
    cropNoted = false;
  }

  private static long seed(String argument) {
    try {
      return Long.parseLong(argument);
    } catch (NumberFormatException e) {
      throw new GptException("/seed: expected a whole number, found '" + argument + "'", e);
    }
  }

  private SamplingParameters withTemperature(String argument) {
    double temperature;
    try {
      temperature = Double.parseDouble(argument);
    } catch (NumberFormatException e) {
      throw new GptException("/temperature: expected a number, found '" + argument + "'", e);
    }
    try {
      return sampling.toBuilder().temperature(temperature).build();
    } catch (IllegalArgumentException e) {
      throw new GptException(e.getMessage(), e);
    }
  }

  private void complete() throws IOException {
    int[] prompt = conversation.prompt(length.maxNewTokens());
    if (prompt.length < conversation.length() && !cropNoted) {
      cropNoted = true;
      notes.accept(
          "the context window is full: from here on the model sees the last "
              + conversation.roomFor(length.maxNewTokens())
              + " tokens at most");
    }
    Request request = new Request(prompt, length, sampling, sample++, 1, 0, false);
    FinishedCompletion completion;
    try {
      Listener listener =
          (index, id, text) -> {
            print(text);
            return !lines.interrupted();
          };
      completion = generator.generate(request, listener).getFirst();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    conversation.add(completion);
    if (!completion.text().endsWith("\n")) {
      out.write("\n");
    }
  }

  private void print(String text) {
    try {
      out.write(text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
