package gpt.cli.chat;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.reader.impl.completer.StringsCompleter;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;

/**
 * Lines that a person types: with editing, a history in memory, and the tab key completing
 * commands. Ctrl-C discards the line, or sets {@link #interrupted} while none is read; Ctrl-D ends.
 */
public final class TerminalLines implements LineSource {
  private static final String PROMPT = "> ";

  private final Terminal terminal;
  private final LineReader reader;
  private final AtomicBoolean interrupted = new AtomicBoolean();

  /**
   * Reads from the process's terminal.
   *
   * @param commands completed by the tab key
   */
  public static TerminalLines open(List<String> commands) throws IOException {
    // Without asking the terminal what it can do: a slow one's answer would be taken for typed
    // text.
    return new TerminalLines(
        TerminalBuilder.builder()
            .system(true)
            .dumb(true)
            .encoding(UTF_8)
            .graphemeCluster(false)
            .nativeSignals(false)
            .build(),
        commands);
  }

  TerminalLines(Terminal terminal, List<String> commands) {
    this.terminal = terminal;
    terminal.handle(Terminal.Signal.INT, signal -> interrupted.set(true));
    reader =
        LineReaderBuilder.builder()
            .terminal(terminal)
            .completer(new StringsCompleter(commands))
            .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true) // "!" is an ordinary character
            .build();
  }

  @Override
  public Optional<String> next() {
    while (true) {
      interrupted.set(false);
      try {
        String line = reader.readLine(PROMPT);
        if (Thread.interrupted()) { // Ctrl-C came after the line's end
          interrupted.set(true);
        }
        return Optional.of(line);
      } catch (UserInterruptException e) {
        if (e.getPartialLine().isEmpty()) {
          terminal.writer().println("Ctrl-D ends the chat.");
        }
      } catch (EndOfFileException e) {
        return Optional.empty();
      }
    }
  }

  @Override
  public boolean interrupted() {
    return interrupted.get();
  }

  @Override
  public boolean isTerminal() {
    return true;
  }

  @Override
  public void close() throws IOException {
    terminal.close();
  }
}
