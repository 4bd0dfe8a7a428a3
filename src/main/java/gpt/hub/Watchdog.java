package gpt.hub;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Cuts connections that are still open and bring nothing, or next to nothing: Java's client has no
 * limit on the time of a body.
 */
final class Watchdog implements Closeable {
  private final Tuning tuning;
  private final Set<Watched> watched = ConcurrentHashMap.newKeySet();
  private final Thread thread = Thread.ofVirtual().unstarted(this::watch);

  Watchdog(Tuning tuning) {
    this.tuning = tuning;
    thread.start();
  }

  /** A stream under watch until it is closed. */
  final class Watched extends InputStream {
    private final InputStream in;
    private volatile long bytes;
    private volatile boolean cut;
    private long seen;
    private boolean fresh = true;

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
        throw cut ? tooSlow(e) : e;
      }
      if (cut) {
        throw tooSlow(null);
      }
      bytes += Math.max(n, 0); // written by the one thread that reads
      return n;
    }

    private IOException tooSlow(Throwable cause) {
      return new IOException(
          "fewer than "
              + tuning.leastBytes()
              + " bytes came in "
              + tuning.silence().toSeconds()
              + " s",
          cause);
    }

    /** Looks at what came since the last time; the first time was no whole period. */
    private void check() {
      long now = bytes;
      if (!fresh && now - seen < tuning.leastBytes()) {
        cut = true;
        try {
          in.close();
        } catch (IOException e) {
          // It is to end, and does.
        }
      }
      fresh = false;
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
      // Closed.
    }
  }

  @Override
  public void close() {
    thread.interrupt();
  }
}
