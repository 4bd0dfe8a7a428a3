package gpt.backend.cpu;

import gpt.engine.HostWants;
import gpt.engine.Work;
import gpt.model.GptConfig;
import java.util.Arrays;
import java.util.List;

/**
 * The rows of one step. A row is one token at one position of a sequence; the rows of a sequence
 * are adjacent. The object is reused for all steps, so that decode allocates nothing.
 *
 * <p>After the last block has stored its keys and values only the output rows are computed further:
 * the last rows of each sequence, whose logits or probes are wanted. They are gathered at the front
 * of the buffers.
 */
final class StepRows {
  final Probes probes;

  /** R, the number of rows. */
  int rows;

  int[] ids = {}; // (R)
  int[] positions = {}; // (R)

  /** S, the number of sequences, one per {@link Work}. */
  int sequences;

  // For each sequence (S).
  KvCache[] caches = {};
  private int[] first = {}; // first row
  private int[] past = {}; // length before the step
  private int[] tokens = {}; // number of rows
  private int[] outputsOf = {}; // how many of the last rows are output rows
  private int[] logitRows = {}; // how many of the last rows need logits

  /** Number of output rows. */
  int outputs;

  private int[] outputRows = {}; // (outputs): index among the R rows

  /** Number of output rows whose logits are wanted. */
  int logits;

  private int[] rowsOfLogits = {}; // (logits): index among the output rows
  int[] sequenceOfLogits = {}; // (logits)
  int[] indexOfLogits = {}; // (logits): index among the sequence's logits

  // Tiles of attention: consecutive queries of one sequence.
  private int tiles;
  private int[] tileSequence = {};
  private int[] tileFrom = {}; // index of the first query in the sequence's rows
  private int[] tileOut = {}; // output row of the first query
  private int[] tileCount = {};

  StepRows(GptConfig config) {
    probes = new Probes(config);
  }

  /** Lays out the rows of a step. */
  void set(List<Work> work) {
    sequences = work.size();
    rows = 0;
    for (int s = 0; s < sequences; s++) {
      rows += work.get(s).tokens();
    }
    grow();
    int row = 0;
    outputs = 0;
    logits = 0;
    probes.set(work);
    for (int s = 0; s < sequences; s++) {
      row = add(s, work.get(s), row);
    }
  }

  private int add(int s, Work work, int row) {
    CpuEngine.CpuSequence sequence = (CpuEngine.CpuSequence) work.sequence();
    int n = work.tokens();
    caches[s] = sequence.cache();
    first[s] = row;
    past[s] = sequence.length();
    tokens[s] = n;
    for (int i = 0; i < n; i++) {
      ids[row + i] = work.append().length == 0 ? sequence.drawn() : work.append()[i];
      positions[row + i] = past[s] + i;
    }
    logitRows[s] = HostWants.logitRows(work);
    outputsOf[s] = probes.readsLastOutputs(s) ? n : logitRows[s];
    for (int i = 0; i < outputsOf[s]; i++) {
      if (i < logitRows[s]) {
        rowsOfLogits[logits] = outputs;
        sequenceOfLogits[logits] = s;
        indexOfLogits[logits] = i;
        logits++;
      }
      outputRows[outputs++] = row + n - outputsOf[s] + i;
    }
    return row + n;
  }

  private void grow() {
    if (ids.length < rows) {
      int n = Math.max(rows, 2 * ids.length);
      ids = new int[n];
      positions = new int[n];
      outputRows = new int[n];
      rowsOfLogits = new int[n];
      sequenceOfLogits = new int[n];
      indexOfLogits = new int[n];
      tileSequence = new int[n];
      tileFrom = new int[n];
      tileOut = new int[n];
      tileCount = new int[n];
    }
    if (caches.length < sequences) {
      caches = new KvCache[sequences];
      first = new int[sequences];
      past = new int[sequences];
      tokens = new int[sequences];
      outputsOf = new int[sequences];
      logitRows = new int[sequences];
    }
  }

  /** Whether every sequence has exactly one row, as in decode. */
  boolean oneRowEach() {
    return rows == sequences;
  }

  /** Position of the i-th row whose logits are wanted. */
  int positionOfLogits(int i) {
    return positions[outputRows[rowsOfLogits[i]]];
  }

  /**
   * Divides the rows whose attention is needed into tiles.
   *
   * @param outputsOnly whether attention is needed for output rows only
   * @param maxRows rows of a tile at most
   * @return the number of tiles
   */
  int tiles(boolean outputsOnly, int maxRows) {
    tiles = 0;
    int out = 0;
    for (int s = 0; s < sequences; s++) {
      int from = outputsOnly ? tokens[s] - outputsOf[s] : 0;
      for (int i = from; i < tokens[s]; i += maxRows) {
        tileSequence[tiles] = s;
        tileFrom[tiles] = i;
        tileOut[tiles] = out;
        tileCount[tiles] = Math.min(maxRows, tokens[s] - i);
        out += tileCount[tiles];
        tiles++;
      }
    }
    return tiles;
  }

  int tileSequence(int tile) {
    return tileSequence[tile];
  }

  /** Row of the tile's first query. */
  int tileRow(int tile) {
    return first[tileSequence[tile]] + tileFrom[tile];
  }

  /** Index of the tile's first query among its sequence's rows. */
  int tileFrom(int tile) {
    return tileFrom[tile];
  }

  /** Row of the attention output for the tile's first query. */
  int tileOut(int tile) {
    return tileOut[tile];
  }

  int tileCount(int tile) {
    return tileCount[tile];
  }

  /** About how many FMAs attention takes, all heads together. */
  long attentionFmas(int c) {
    long seen = 0;
    for (int r = 0; r < rows; r++) {
      seen += positions[r] + 1;
    }
    return 2 * seen * c;
  }

  /** First row of a sequence. */
  int first(int sequence) {
    return first[sequence];
  }

  int tokens(int sequence) {
    return tokens[sequence];
  }

  /** Number of output rows of a sequence. */
  int outputsOf(int sequence) {
    return outputsOf[sequence];
  }

  int past(int sequence) {
    return past[sequence];
  }

  /** Gathers the output rows of (R, c) at its front. */
  void gatherOutputs(float[] values, int c) {
    gather(values, outputRows, outputs, c);
  }

  /** Gathers those of the gathered output rows whose logits are wanted. */
  void gatherLogits(float[] values, int c) {
    gather(values, rowsOfLogits, logits, c);
  }

  private static void gather(float[] values, int[] rows, int count, int c) {
    for (int i = 0; i < count; i++) {
      if (rows[i] != i) {
        System.arraycopy(values, rows[i] * c, values, i * c, c);
      }
    }
  }

  /** Drops the references to sequences and readers. */
  void clear() {
    probes.clear();
    Arrays.fill(caches, null);
  }
}
