package gpt.backend.tornado;

import gpt.kernels.runtime.Feed;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** The rows of a pass as the host asks for them; see {@link Feed}. */
final class RowRequest {
  private final IntArray array;
  private final int maxRows;
  private final int maxLogitRows;
  private int rows;
  private int logitRows;

  /** Room for so many rows. */
  RowRequest(int maxRows, int maxLogitRows) {
    this.maxRows = maxRows;
    this.maxLogitRows = maxLogitRows;
    array = new IntArray(Feed.HEADER + 3 * maxRows + 3 * maxLogitRows);
    array.init(0);
  }

  /** What goes to the device. */
  IntArray array() {
    return array;
  }

  /** Begins a request, which has no rows yet. */
  void begin() {
    rows = 0;
    logitRows = 0;
    array.set(0, 0);
    array.set(1, 0);
    array.set(2, 0);
  }

  /**
   * Adds a row.
   *
   * @return its index
   */
  int row(int token, int position, int slot) {
    array.set(Feed.HEADER + rows, token);
    array.set(Feed.HEADER + maxRows + rows, position);
    array.set(Feed.HEADER + 2 * maxRows + rows, slot);
    array.set(0, rows + 1);
    return rows++;
  }

  /** Adds a row of logits, of a row of this pass or of the one before. */
  void logitRow(int row, int slot) {
    int at = Feed.HEADER + 3 * maxRows + logitRows;
    array.set(at, row);
    array.set(at + maxLogitRows, slot);
    array.set(1, ++logitRows);
  }

  /** As {@link #logitRow}, whose next token is drawn: these come first. */
  void drawnRow(int row, int slot, int step) {
    array.set(Feed.HEADER + 3 * maxRows + 2 * maxLogitRows + logitRows, step);
    logitRow(row, slot);
    array.set(2, logitRows);
  }
}
