package gpt.server.http;

import io.helidon.http.Headers;
import io.helidon.http.HttpPrologue;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.http1.Http1ConnectionListener;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Knows the connection of the thread that handles a request: each connection has a virtual thread
 * of its own. It also bounds the time that the headers take.
 */
final class Connections implements Http1ConnectionListener, AutoCloseable {
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

  /** Closes the connections of all clients that are watched. */
  @Override
  public void close() {
    watches.forEach(ClientWatch::disconnect);
  }
}
