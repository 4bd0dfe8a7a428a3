package gpt.backend.cpu;

import gpt.engine.AttentionCapture;
import gpt.engine.HostWants;
import gpt.engine.Want;
import gpt.engine.Work;
import gpt.model.GptConfig;
import java.util.Arrays;
import java.util.List;

/**
 * The rows of one step: a row is a token at a position of a sequence, and the rows of a sequence
 * stand side by side. One object for all steps, so that a step makes none.
 *
 * <p>Past the last block's keys and values only some rows are needed, the last ones of a sequence:
 * they are carried on, moved together.
 */
final class StepRows {
  private final int lastLayer;

  /** R rows. */
  int rows;

  int[] ids = {}; // (R)
  int[] positions = {}; // (R)

  /** Sequences. */
  int pieces;

  KvCache[] caches = {}; // the others too (pieces)
  AttentionCapture[] captures = {}; // null where none is wanted
  private Want.Residual[] residuals = {}; // null where none is wanted
  private boolean anyResidual;
  private int[] first = {}; // row
  private int[] past = {}; // tokens in the sequence before
  private int[] tokens = {};
  private int[] carry = {}; // rows that are carried on
  private int[] logitRows = {};

  /** Rows that are carried on. */
  int carried;

  private int[] carriedRows = {};

  /** Carried rows whose logits are wanted. */
  int logits;

  private int[] rowsOfLogits = {}; // carried row
  int[] pieceOfLogits = {};
  int[] indexOfLogits = {}; // among the piece's

  // Tiles of attention: queries of one sequence.
  private int tiles;
  private int[] tilePiece = {};
  private int[] tileFrom = {}; // index in the piece
  private int[] tileOut = {}; // row of the first query's output
  private int[] tileCount = {};

  StepRows(GptConfig config) {
    lastLayer = config.nLayer() - 1;
  }

  /** Takes a step's work. */
  void of(List<Work> work) {
    pieces = work.size();
    rows = 0;
    for (int p = 0; p < pieces; p++) {
      rows += work.get(p).tokens();
    }
    grow();
    int row = 0;
    carried = 0;
    logits = 0;
    anyResidual = false;
    for (int p = 0; p < pieces; p++) {
      row = add(p, work.get(p), row);
    }
  }

  private int add(int p, Work work, int row) {
    CpuEngine.CpuSequence sequence = (CpuEngine.CpuSequence) work.sequence();
    int n = work.tokens();
    caches[p] = sequence.cache();
    first[p] = row;
    past[p] = sequence.length();
    tokens[p] = n;
    for (int i = 0; i < n; i++) {
      ids[row + i] = work.append().length == 0 ? sequence.drawn() : work.append()[i];
      positions[row + i] = past[p] + i;
    }
    captures[p] = null;
    logitRows[p] = HostWants.logitRows(work);
    carry[p] = logitRows[p];
    if (work.want() instanceof Want.Attention probe) {
      captures[p] = new AttentionCapture(probe.layer(), probe.head(), n);
      carry[p] = probe.layer() == lastLayer ? n : 0;
    }
    residuals[p] = null;
    if (work.want() instanceof Want.Residual probe) {
      residuals[p] = probe;
      anyResidual = true;
      carry[p] = probe.layer() > lastLayer ? n : 0;
    }
    for (int i = 0; i < carry[p]; i++) {
      if (i < logitRows[p]) {
        rowsOfLogits[logits] = carried;
        pieceOfLogits[logits] = p;
        indexOfLogits[logits] = i;
        logits++;
      }
      carriedRows[carried++] = row + n - carry[p] + i;
    }
    return row + n;
  }

  private void grow() {
    if (ids.length < rows) {
      int n = Math.max(rows, 2 * ids.length);
      ids = new int[n];
      positions = new int[n];
      carriedRows = new int[n];
      rowsOfLogits = new int[n];
      pieceOfLogits = new int[n];
      indexOfLogits = new int[n];
      tilePiece = new int[n];
      tileFrom = new int[n];
      tileOut = new int[n];
      tileCount = new int[n];
    }
    if (caches.length < pieces) {
      caches = new KvCache[pieces];
      captures = new AttentionCapture[pieces];
      residuals = new Want.Residual[pieces];
      first = new int[pieces];
      past = new int[pieces];
      tokens = new int[pieces];
      carry = new int[pieces];
      logitRows = new int[pieces];
    }
  }

  /** Whether every sequence has one row. */
  boolean single() {
    return rows == pieces;
  }

  /** Position in its sequence of a row whose logits are wanted. */
  int positionOfLogits(int i) {
    return positions[carriedRows[rowsOfLogits[i]]];
  }

  /**
   * Cuts the rows whose attention is needed into tiles.
   *
   * @param last whether only carried rows are needed
   * @param most rows of a tile
   * @return how many tiles
   */
  int tiles(boolean last, int most) {
    tiles = 0;
    int out = 0;
    for (int p = 0; p < pieces; p++) {
      int from = last ? tokens[p] - carry[p] : 0;
      for (int i = from; i < tokens[p]; i += most) {
        tilePiece[tiles] = p;
        tileFrom[tiles] = i;
        tileOut[tiles] = out;
        tileCount[tiles] = Math.min(most, tokens[p] - i);
        out += tileCount[tiles];
        tiles++;
      }
    }
    return tiles;
  }

  int tilePiece(int tile) {
    return tilePiece[tile];
  }

  /** Row of the tile's first query. */
  int tileRow(int tile) {
    return first[tilePiece[tile]] + tileFrom[tile];
  }

  /** Index of the tile's first query among the piece's rows. */
  int tileFrom(int tile) {
    return tileFrom[tile];
  }

  /** Row that the tile's first query's output goes to. */
  int tileOut(int tile) {
    return tileOut[tile];
  }

  int tileCount(int tile) {
    return tileCount[tile];
  }

  /** Multiply-adds of attention for every head together, about. */
  long attentionWork(int c) {
    long seen = 0;
    for (int r = 0; r < rows; r++) {
      seen += positions[r] + 1;
    }
    return 2 * seen * c;
  }

  /** Row of a piece's first token. */
  int first(int piece) {
    return first[piece];
  }

  int tokens(int piece) {
    return tokens[piece];
  }

  int past(int piece) {
    return past[piece];
  }

  /** Moves the carried rows of (R, c) together. */
  void carry(float[] values, int c) {
    move(values, carriedRows, carried, c);
  }

  /** Moves those of the carried rows together whose logits are wanted. */
  void keepLogits(float[] values, int c) {
    move(values, rowsOfLogits, logits, c);
  }

  private static void move(float[] values, int[] rows, int count, int c) {
    for (int i = 0; i < count; i++) {
      if (rows[i] != i) {
        System.arraycopy(values, rows[i] * c, values, i * c, c);
      }
    }
  }

  /**
   * Hands over the residual stream where it is wanted.
   *
   * @param layer the block that it enters; past the last one only carried rows are there
   * @param x (R, c)
   */
  void readResidual(int layer, float[] x, int c) {
    if (!anyResidual) {
      return;
    }
    int at = 0;
    for (int p = 0; p < pieces; p++) {
      int there = layer > lastLayer ? carry[p] : tokens[p];
      if (residuals[p] != null && residuals[p].layer() == layer) {
        for (int i = 0; i < there; i++) {
          float[] row = Arrays.copyOfRange(x, (at + i) * c, (at + i + 1) * c);
          residuals[p].reader().accept(past[p] + i, row);
        }
      }
      at += there;
    }
  }

  /** Hands over what was captured. */
  void handOver(List<Work> work) {
    for (int p = 0; p < pieces; p++) {
      if (captures[p] != null && work.get(p).want() instanceof Want.Attention probe) {
        captures[p].handOver(past[p], probe.reader());
      }
    }
    Arrays.fill(captures, null);
    Arrays.fill(residuals, null);
    Arrays.fill(caches, null);
  }
}
