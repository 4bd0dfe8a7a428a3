package gpt.cli.chat;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Keys on a terminal that is a pair of streams. */
@Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TerminalLinesTest {
  private static final char CTRL_A = 1;
  private static final char CTRL_C = 3;
  private static final char CTRL_D = 4;
  private static final char CTRL_U = 21;
  private static final char BACKSPACE = 127;
  private static final String UP = "\033OA";

  private final ByteArrayOutputStream screen = new ByteArrayOutputStream();
  private PipedOutputStream keys;
  private Terminal terminal;
  private TerminalLines lines;

  @BeforeEach
  void open() throws IOException {
    open("xterm");
  }

  private void open(String type) throws IOException {
    keys = new PipedOutputStream();
    terminal =
        TerminalBuilder.builder()
            .system(false)
            .streams(new PipedInputStream(keys), screen)
            .type(type)
            .encoding(UTF_8)
            .build();
    terminal.setSize(new Size(80, 24));
    lines = new TerminalLines(terminal, List.of("/reset", "/seed"));
  }

  @AfterEach
  void close() throws IOException {
    lines.close();
  }

  private void press(String text) throws IOException {
    keys.write(text.getBytes(UTF_8));
    keys.flush();
  }

  private void reads(String expected) {
    assertEquals(Optional.of(expected), lines.next());
  }

  @Test
  void linesAreEdited() throws IOException {
    press("wrong" + CTRL_U + "ROMEx" + BACKSPACE + "O" + CTRL_A + "é \r");
    reads("é ROMEO");
    press("!! \\ $HOME 'it\r");
    reads("!! \\ $HOME 'it");
    press("\r");
    reads("");
  }

  @Test
  void linesAreRemembered() throws IOException {
    press("one\rtwo\r");
    reads("one");
    reads("two");
    press(UP + UP + "!\r");
    reads("one!");
  }

  @Test
  void theTabKeyCompletesCommands() throws IOException {
    press("/re\t\r");
    reads("/reset ");
  }

  @Test
  void ctrlCDiscardsTheLine() throws Exception {
    Future<Optional<String>> line = CompletableFuture.supplyAsync(lines::next);
    pressWhenShown("> ", "never");
    pressWhenShown("> never", "" + CTRL_C);
    pressWhenShown("> never\\s+> ", "" + CTRL_C);
    pressWhenShown("> never\\s+> \\s+Ctrl-D ends the chat.\\s+> ", "read\r");
    assertEquals(Optional.of("read"), line.get());
    assertFalse(lines.interrupted());
  }

  /**
   * Ctrl-C discards what has been read of a line, so it waits until the keys before it are shown.
   */
  private void pressWhenShown(String pattern, String text) throws Exception {
    while (!shown().matches(pattern)) {
      Thread.sleep(5); // the timeout of the test ends this
    }
    press(text);
  }

  /** What is on the screen, without escape sequences and the echo of Ctrl-C. */
  private String shown() {
    return screen.toString(UTF_8).replaceAll("\033(\\[[?0-9;]*[a-zA-Z]|[=>])|\\^C", "");
  }

  @Test
  void ctrlCWhileNoLineIsReadInterrupts() throws IOException {
    press("a\r");
    reads("a");
    assertFalse(lines.interrupted());
    terminal.raise(Terminal.Signal.INT);
    assertTrue(lines.interrupted());
    press("b\r");
    reads("b");
    assertFalse(lines.interrupted());
  }

  @Test
  void ctrlDEnds() throws IOException {
    press("a\r" + CTRL_D);
    reads("a");
    assertEquals(Optional.empty(), lines.next());
  }

  @Test
  void aDumbTerminalHasLinesToo() throws IOException {
    lines.close();
    open(Terminal.TYPE_DUMB);
    press("one\rtwo\r" + CTRL_D);
    reads("one");
    reads("two");
    assertEquals(Optional.empty(), lines.next());
  }
}
