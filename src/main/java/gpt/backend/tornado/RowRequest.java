package gpt.backend.tornado;

import gpt.kernels.runtime.Feed;
import gpt.kernels.runtime.Pass;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** The host's description of a pass's rows, one array to upload; see {@link Feed}. */
final class RowRequest {
  private final IntArray array;
  private final int maxRows;
  private final int maxLogitRows;
  private int rows;
  private int logitRows;

  /** Allocates room for {@code maxRows} rows and {@code maxLogitRows} rows of logits. */
  RowRequest(int maxRows, int maxLogitRows) {
    this.maxRows = maxRows;
    this.maxLogitRows = maxLogitRows;
    array = new IntArray(Feed.HEADER + 3 * maxRows + 3 * maxLogitRows);
    array.init(0);
  }

  /** The array to upload. */
  IntArray array() {
    return array;
  }

  /** Begins a request without rows. */
  void begin() {
    rows = 0;
    logitRows = 0;
    array.set(Pass.ROWS, 0);
    array.set(Pass.LOGIT_ROWS, 0);
    array.set(Pass.DRAWN_ROWS, 0);
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
    array.set(Pass.ROWS, rows + 1);
    return rows++;
  }

  /** Asks for the logits of a row of this pass or the one before. */
  void logitRow(int row, int slot) {
    int at = Feed.HEADER + 3 * maxRows + logitRows;
    array.set(at, row);
    array.set(at + maxLogitRows, slot);
    array.set(Pass.LOGIT_ROWS, ++logitRows);
  }

  /** As {@link #logitRow}, and draws a token from the logits; add these rows before the others. */
  void drawnRow(int row, int slot, int step) {
    array.set(Feed.HEADER + 3 * maxRows + 2 * maxLogitRows + logitRows, step);
    logitRow(row, slot);
    array.set(Pass.DRAWN_ROWS, logitRows);
  }
}
