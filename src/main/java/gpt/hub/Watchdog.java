package gpt.hub;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Closes connections that deliver nothing or too little: Java's HTTP client has no timeout for
 * reading a body.
 */
final class Watchdog implements Closeable {
  private final Tuning tuning;
  private final Set<Watched> watched = ConcurrentHashMap.newKeySet();
  private final Thread thread = Thread.ofVirtual().unstarted(this::watch);

  Watchdog(Tuning tuning) {
    this.tuning = tuning;
    thread.start();
  }

  /** A stream that is watched until it is closed. */
  final class Watched extends InputStream {
    private final InputStream in;
    private volatile long bytes;
    private volatile boolean tooSlow;
    private long seen;
    private boolean first = true;

    private Watched(InputStream in) {
      this.in = in;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
      int n;
      try {
        n = in.read(to, offset, length);
      } catch (IOException e) {
        throw tooSlow ? timeout(e) : e;
      }
      if (tooSlow) {
        throw timeout(null);
      }
      bytes += Math.max(n, 0); // written by the one thread that reads
      return n;
    }

    private IOException timeout(Throwable cause) {
      return new IOException(
          "received fewer than %s bytes in %s s"
              .formatted(tuning.minBytes(), tuning.silence().toSeconds()),
          cause);
    }

    /**
     * Checks the bytes since the last check; the first period was shorter, so it does not count.
     */
    private void check() {
      long now = bytes;
      if (!first && now - seen < tuning.minBytes()) {
        tooSlow = true;
        try {
          in.close();
        } catch (IOException e) {
          // The stream ends either way.
        }
      }
      first = false;
      seen = now;
    }

    @Override
    public void close() throws IOException {
      watched.remove(this);
      in.close();
    }
  }

  Watched watch(InputStream in) {
    Watched stream = new Watched(in);
    watched.add(stream);
    return stream;
  }

  private void watch() {
    try {
      while (true) {
        Thread.sleep(tuning.silence());
        watched.forEach(Watched::check);
      }
    } catch (InterruptedException e) {
      // close() was called.
    }
  }

  @Override
  public void close() {
    thread.interrupt();
  }
}
