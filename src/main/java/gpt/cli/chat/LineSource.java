package gpt.cli.chat;

import java.io.IOException;
import java.util.Optional;

/** Where the lines of a chat come from. */
public interface LineSource extends AutoCloseable {
  /** The next line without its end; empty at the end of the input. */
  Optional<String> next() throws IOException;

  /** Whether Ctrl-C was pressed since {@link #next} returned. */
  boolean interrupted();

  /** Whether a person types the lines: then an error does not end the chat. */
  boolean isTerminal();

  @Override
  void close() throws IOException;
}
