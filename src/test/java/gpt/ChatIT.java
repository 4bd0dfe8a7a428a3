package gpt;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code gpt chat} as a process: from a pipe, and on a terminal with Ctrl-C and Ctrl-D. */
class ChatIT {
  private final StringBuilder screen = new StringBuilder();

  @Test
  void linesComeFromAPipe() {
    Program.Result chat =
        Program.gpt("chat", "-n", "20", "-q").input("ROMEO:\n/reset\nROMEO:").run().succeeded();
    Program.Result text = Program.gpt("--prompt", "ROMEO:", "-n", "20", "-q").run().succeeded();
    String completion = text.out().substring("ROMEO:".length());
    assertEquals(completion + completion, chat.out());
    assertEquals("", chat.err());
  }

  @Test
  @Timeout(value = 120, unit = TimeUnit.SECONDS)
  void ctrlCEndsATextAndCtrlDTheChat() throws IOException {
    assumeTrue(Program.hasTerminal(), "no command script here, which makes a terminal");
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    Program chat =
        Program.of(
                "sh",
                "-c",
                "stty rows 24 cols 80; exec '"
                    + java
                    + "' -jar target/gpt.jar chat --greedy -n 100000")
            .withDefaultInterrupts()
            .environment("TERM", "xterm")
            .onTerminal();
    Process process = chat.start();
    InputStream out = process.getInputStream();
    press(process, out, "> ", "ROMEO:\r");
    press(process, out, "I would", "\003"); // the completion's first words
    press(process, out, "> ", "\003");
    press(process, out, "Ctrl-D ends the chat.", "");
    press(process, out, "> ", "\004");
    assertEquals(0, chat.await(process), screen::toString);
  }

  /** Waits until the screen shows a text, and presses keys. */
  private void press(Process process, InputStream out, String shown, String keys)
      throws IOException {
    StringBuilder seen = new StringBuilder();
    while (seen.indexOf(shown) < 0) {
      int next = out.read();
      assertTrue(next >= 0, () -> "the chat has ended:\n" + screen);
      seen.append((char) next);
      screen.append((char) next);
    }
    process.getOutputStream().write(keys.getBytes(UTF_8));
    process.getOutputStream().flush();
  }
}
