package gpt.server.http;

import io.helidon.common.buffers.DataReader;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * Notices that a client has closed its connection while its request is handled. A thread of its own
 * waits for what the client sends next: nothing reads from the connection meanwhile, so that is the
 * next request, which stays in the reader's buffer, or the end.
 */
final class ClientWatch {
  private final Thread thread;
  private final Consumer<ClientWatch> ended;

  /**
   * Starts to watch.
   *
   * @param reader of the connection, whose request has been read completely
   * @param gone called on another thread if the client closes the connection
   * @param ended called when the watch has ended
   */
  ClientWatch(DataReader reader, Runnable gone, Consumer<ClientWatch> ended) {
    this.ended = ended;
    thread =
        Thread.ofVirtual()
            .name("gpt-client-watch")
            .start(
                () -> {
                  try {
                    reader.ensureAvailable();
                  } catch (RuntimeException e) {
                    gone.run(); // the end of the stream, or a broken connection
                  }
                });
  }

  /**
   * Waits after a response for the next request or the end of the connection, so that the
   * connection's thread reads again only when this watch does not.
   *
   * @param idle time after which the connection is closed
   */
  void awaitNext(Duration idle) {
    try {
      if (!thread.join(idle)) {
        disconnect();
      }
    } catch (InterruptedException e) {
      disconnect();
      Thread.currentThread().interrupt();
    } finally {
      ended.accept(this);
    }
  }

  /** Closes the connection. */
  void disconnect() {
    thread.interrupt();
  }
}
