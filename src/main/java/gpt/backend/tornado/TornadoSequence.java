package gpt.backend.tornado;

import gpt.engine.HostSequence;
import gpt.engine.Sequence;

/** A sequence whose keys, values and sampling parameters are in a slot on the device. */
final class TornadoSequence extends HostSequence {
  /** Stands for the history of a sequence that draws no tokens. */
  private static final Object NO_HISTORY = new Object();

  private final TornadoEngine engine;
  private final int slot;
  private boolean closed;

  /** The history for which parameters were uploaded: a new drawing has a new history. */
  private Object uploaded;

  private int uploadedTops;

  /** Step of the token whose row is on the device; −1 if the host must upload the row. */
  private int nextStep = -1;

  /** The history that {@link #nextStep} belongs to. */
  private Object nextHistory;

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

  /** Copies the host-side state of another sequence. */
  void takeFrom(TornadoSequence other) {
    copyStateFrom(other);
  }

  @Override
  public void truncate(int to) {
    super.truncate(to);
    nextStep = -1;
  }

  /** Whether the sampling parameters, with {@code tops} likeliest tokens, are on the device. */
  boolean isUploaded(int tops) {
    return uploaded == historyOrNone() && uploadedTops == tops;
  }

  void uploaded(int tops) {
    uploaded = historyOrNone();
    uploadedTops = tops;
  }

  private Object historyOrNone() {
    return history() == null ? NO_HISTORY : history();
  }

  /**
   * Whether the row for {@code step} is on the device: the last drawn token at the next position.
   */
  boolean isNext(int step) {
    return nextStep == step && nextHistory == historyOrNone();
  }

  /** Notes that the device has drawn a token and holds the row that appends it. */
  void advanced(int step) {
    nextStep = step;
    nextHistory = historyOrNone();
  }

  /** Notes that the row and the token counts on the device no longer match this sequence. */
  void forget() {
    uploaded = null;
    nextStep = -1;
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      engine.closed(this);
    }
  }
}
