package gpt.server.http;

import io.helidon.http.Headers;
import io.helidon.http.HttpPrologue;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.http1.Http1ConnectionListener;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.FutureTask;

/**
 * Knows the connection of the thread that handles a request: each connection has a virtual thread
 * of its own. It also bounds the time that the headers take.
 */
final class Connections implements Http1ConnectionListener, AutoCloseable {
  /** Time for a client to finish sending what is refused. */
  private static final Duration LINGER = Duration.ofSeconds(2);

  private static final ThreadLocal<ConnectionContext> CURRENT = new ThreadLocal<>();
  private static final ThreadLocal<Deadlines.Deadline> HEADERS = new ThreadLocal<>();

  private final Deadlines deadlines;
  private final Duration receive;
  private final Set<ClientWatch> watches = ConcurrentHashMap.newKeySet();

  Connections(Deadlines deadlines, Duration receive) {
    this.deadlines = deadlines;
    this.receive = receive;
  }

  @Override
  public void prologue(ConnectionContext connection, HttpPrologue prologue) {
    CURRENT.set(connection);
    HEADERS.set(deadlines.start(receive));
  }

  @Override
  public void headers(ConnectionContext connection, Headers headers) {
    HEADERS.get().close();
    HEADERS.remove();
  }

  /** The connection of the calling thread. */
  static ConnectionContext current() {
    return CURRENT.get();
  }

  /**
   * Watches the calling thread's client.
   *
   * @param gone called if the client closes the connection
   */
  ClientWatch watch(Runnable gone) {
    ClientWatch watch = new ClientWatch(current().dataReader(), gone, watches::remove);
    watches.add(watch);
    return watch;
  }

  /**
   * Reads and forgets the rest of a request: a client that is still sending it would find the
   * connection broken, and not read the answer.
   *
   * @param rest reads it
   */
  static void discard(Callable<Long> rest) {
    FutureTask<Long> reading = new FutureTask<>(rest); // whose failure nobody asks for
    try {
      Thread.ofVirtual().name("gpt-discard").start(reading).join(LINGER);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Closes the connections of all clients that are watched. */
  @Override
  public void close() {
    watches.forEach(ClientWatch::disconnect);
  }
}
