package gpt.hub;

import gpt.GptException;
import gpt.hub.HubHttp.Answer;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.LongConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Downloads the missing bytes of one file, several ranges in parallel.
 *
 * @param loaded called from any thread with the number of bytes received; negative if the transfer
 *     starts again from the beginning
 */
record Transfer(
    HubApi api, URI address, RemoteFile file, PartialFile partial, LongConsumer loaded) {
  private static final int BUFFER = 64 << 10;
  private static final Pattern CONTENT_RANGE = Pattern.compile("bytes (\\d+)-(\\d+)/(\\d+|\\*)");

  /** The server does not support range requests. */
  private static final class NoRangesException extends IOException {
    private static final long serialVersionUID = 1L;
  }

  void run() throws IOException {
    if (partial.loaded() == file.size()) {
      return;
    }
    try {
      ranges();
    } catch (NoRangesException e) {
      api.retries().run(this::whole);
    }
  }

  private void ranges() throws IOException {
    int ranges = partial.ranges();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      ExecutorCompletionService<Void> tasks = new ExecutorCompletionService<>(threads);
      for (int i = 0; i < ranges; i++) {
        int range = i;
        tasks.submit(() -> api.retries().run(() -> range(range)));
      }
      try {
        for (int i = 0; i < ranges; i++) {
          tasks.take().get();
        }
      } catch (ExecutionException e) {
        threads.shutdownNow();
        switch (e.getCause()) {
          case IOException io -> throw io;
          case GptException known -> throw known;
          case Throwable other -> throw new IllegalStateException(other);
        }
      } catch (InterruptedException e) {
        threads.shutdownNow();
        Thread.currentThread().interrupt();
        throw new IOException("interrupted", e);
      }
    }
  }

  private Void range(int range) throws TransientException, IOException {
    long from = partial.position(range);
    long end = partial.end(range);
    if (from == end) {
      return null;
    }
    try (Answer answer = api.http().get(address, from, end)) {
      checkRedirected(answer);
      if (answer.status() == 200 && from == 0 && end == file.size()) {
        checkLength(answer);
      } else if (answer.status() == 200) {
        throw new NoRangesException();
      } else {
        checkRange(answer, from);
      }
      fill(range, answer.body());
    }
    return null;
  }

  /** Downloads the whole file over one connection. */
  private Void whole() throws TransientException, IOException {
    loaded.accept(-partial.loaded());
    partial.reset(1);
    try (Answer answer = api.http().get(address)) {
      checkRedirected(answer);
      checkLength(answer);
      fill(0, answer.body());
    }
    return null;
  }

  private void fill(int range, InputStream in) throws TransientException, IOException {
    byte[] buffer = new byte[BUFFER];
    long begin = partial.position(range);
    try {
      while (partial.position(range) < partial.end(range)) {
        int max = (int) Math.min(BUFFER, partial.end(range) - partial.position(range));
        int n = 0;
        try {
          // Reads no more than was requested, however much the server sends.
          while (n < max) {
            int read = in.read(buffer, n, max - n);
            if (read < 0) {
              throw new IOException("the connection was closed early");
            }
            n += read;
          }
        } finally {
          write(range, buffer, n);
        }
      }
    } catch (LocalException e) {
      throw e.unwrapped();
    } catch (IOException e) {
      throw new TransientException(
          address.getAuthority() + ": " + file.name() + ": " + Text.reason(e),
          e,
          null,
          partial.position(range) > begin);
    }
  }

  private void write(int range, byte[] buffer, int n) throws LocalException {
    if (n > 0) {
      local(
          () -> {
            partial.append(range, buffer, n);
            partial.mark(range);
          });
      loaded.accept(n);
    }
  }

  /** A failure of the local disk, for which another attempt is useless. */
  private static final class LocalException extends IOException {
    private static final long serialVersionUID = 1L;

    private LocalException(IOException cause) {
      super(cause);
    }

    private IOException unwrapped() {
      return (IOException) getCause();
    }
  }

  /** An action that writes to disk. */
  @FunctionalInterface
  private interface Writing {
    void run() throws IOException;
  }

  private static void local(Writing writing) throws LocalException {
    try {
      writing.run();
    } catch (IOException e) {
      throw new LocalException(e);
    }
  }

  /** A signed URL may have expired: the hub gives a new one when it is asked again. */
  private void checkRedirected(Answer answer) throws TransientException {
    boolean redirected = !answer.from().getAuthority().equals(address.getAuthority());
    if (redirected && (answer.status() == 401 || answer.status() == 403)) {
      throw new TransientException(
          "%s: %s: the server responds with %s"
              .formatted(answer.from().getAuthority(), file.name(), answer.status()),
          null,
          null,
          false);
    }
    api.check(answer, Optional.of(file.name()));
  }

  private void checkLength(Answer answer) {
    Optional<String> length = answer.header("Content-Length");
    if (answer.status() != 200
        || length.isPresent() && !length.get().equals(String.valueOf(file.size()))) {
      throw unexpected(
          answer, "responds with " + answer.status() + " and " + length.orElse("?") + " bytes");
    }
  }

  private void checkRange(Answer answer, long from) {
    Matcher range = CONTENT_RANGE.matcher(answer.header("Content-Range").orElse(""));
    if (answer.status() != 206
        || !range.matches()
        || !range.group(1).equals(String.valueOf(from))
        || !range.group(3).equals("*") && !range.group(3).equals(String.valueOf(file.size()))) {
      throw unexpected(
          answer,
          "responds with %s and '%s' to a request for bytes from %s"
              .formatted(
                  answer.status(), Text.line(answer.header("Content-Range").orElse("")), from));
    }
  }

  private GptException unexpected(Answer answer, String what) {
    return new GptException(
        "%s: %s: %s; expected %s bytes, as the hub says"
            .formatted(answer.from().getAuthority(), file.name(), what, file.size()));
  }
}
