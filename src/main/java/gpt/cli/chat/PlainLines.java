package gpt.cli.chat;

import static java.nio.charset.StandardCharsets.UTF_8;

import gpt.GptException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.MalformedInputException;
import java.util.Optional;

/** Lines of a file or a pipe, in UTF-8. Ctrl-C ends the program as usual. */
public final class PlainLines implements LineSource {
  private final BufferedReader in;

  public PlainLines(InputStream in) {
    this.in = new BufferedReader(new InputStreamReader(in, UTF_8.newDecoder()));
  }

  /**
   * {@inheritDoc}
   *
   * @throws GptException if the input is not UTF-8
   */
  @Override
  public Optional<String> next() throws IOException {
    try {
      return Optional.ofNullable(in.readLine());
    } catch (MalformedInputException e) {
      throw new GptException("standard input: expected UTF-8, found other bytes", e);
    }
  }

  @Override
  public boolean interrupted() {
    return false;
  }

  @Override
  public boolean isTerminal() {
    return false;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
