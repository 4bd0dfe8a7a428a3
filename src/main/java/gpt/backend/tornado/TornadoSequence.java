package gpt.backend.tornado;

import gpt.engine.HostSequence;
import gpt.engine.Sequence;

/** A sequence whose keys and values are on the device, and how its tokens are drawn too. */
final class TornadoSequence extends HostSequence {
  private static final Object NOT_DRAWN = new Object();

  private final TornadoEngine engine;
  private final int slot;
  private boolean closed;

  /** What the device has of how tokens are drawn: the history, which is another one each time. */
  private Object uploaded;

  private int uploadedTops;

  /** Index of the token whose row the device has; −1 where the host must say. */
  private int next = -1;

  private Object nextBy;

  TornadoSequence(TornadoEngine engine, int slot, int vocabSize) {
    super(vocabSize);
    this.engine = engine;
    this.slot = slot;
  }

  TornadoEngine engine() {
    return engine;
  }

  int slot() {
    return slot;
  }

  boolean isClosed() {
    return closed;
  }

  @Override
  public Sequence fork() {
    return engine.fork(this);
  }

  /** Takes over what another one has on the host. */
  void takeFrom(TornadoSequence other) {
    copyStateFrom(other);
  }

  @Override
  public void truncate(int to) {
    super.truncate(to);
    next = -1;
  }

  /** Whether the device knows how tokens are drawn, and so many likeliest ones are wanted. */
  boolean isUploaded(int tops) {
    return uploaded == drawnBy() && uploadedTops == tops;
  }

  void uploaded(int tops) {
    uploaded = drawnBy();
    uploadedTops = tops;
  }

  private Object drawnBy() {
    return history() == null ? NOT_DRAWN : history();
  }

  /** Whether the device has the row that appends the token drawn last, for the token after it. */
  boolean isNext(int step) {
    return next == step && nextBy == drawnBy();
  }

  /** The device has drawn a token, and has the row that appends it. */
  void advanced(int step) {
    next = step;
    nextBy = drawnBy();
  }

  /** The device's row, and what it has counted, are not this sequence's. */
  void forget() {
    uploaded = null;
    next = -1;
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      engine.closed(this);
    }
  }
}
