package gpt.checkpoint;

import gpt.GptException;
import gpt.model.UntrustedText;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** The one line that says what is wrong with a file. */
final class Fault {
  private static final int LONGEST = 600;

  private Fault() {}

  static GptException in(Path file, String what) {
    return new GptException(line(file, what));
  }

  static GptException in(Path file, String what, Throwable cause) {
    return new GptException(line(file, what), cause);
  }

  /** As of a note, which is no error. */
  static String line(Path file, String what) {
    return UntrustedText.line(file + ": " + what, LONGEST);
  }

  /** A library's message without its further lines, or the name of what it threw. */
  static String reason(Throwable t) {
    String m = t.getMessage();
    if (m == null || m.isBlank()) {
      return t.getClass().getSimpleName();
    }
    if (t instanceof NoSuchFileException) {
      return "no such file";
    }
    if (t instanceof AccessDeniedException) {
      return "permission denied";
    }
    return m.lines().findFirst().orElse(m);
  }
}
