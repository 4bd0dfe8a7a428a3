package gpt.checkpoint.files;

import gpt.GptException;
import gpt.model.UntrustedText;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Exceptions for errors in a file, with a message of one line that begins with its path. */
public final class Fault {
  private static final int MAX_CHARACTERS = 600;

  private Fault() {}

  /** An exception whose message is {@link #line}. */
  public static GptException in(Path file, String what) {
    return new GptException(line(file, what));
  }

  /** An exception whose message is {@link #line}, with its cause. */
  public static GptException in(Path file, String what, Throwable cause) {
    return new GptException(line(file, what), cause);
  }

  /** The same error, with the file in its message if it does not begin with it. */
  public static GptException in(Path file, GptException e) {
    return e.getMessage().startsWith(file.toString()) ? e : in(file, e.getMessage(), e);
  }

  /** The line {@code FILE: WHAT}, sanitized and limited in length. */
  public static String line(Path file, String what) {
    return UntrustedText.line(file + ": " + what, MAX_CHARACTERS);
  }

  /** The first line of an exception's message, or the exception's name if it has none. */
  public static String reason(Throwable t) {
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
