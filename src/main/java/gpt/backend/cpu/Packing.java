package gpt.backend.cpu;

import gpt.model.Precision;
import gpt.model.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Fills a packed matrix from the tensor it is of, all workers at once. The tensor, a mapped file's
 * view as a rule, is read from front to back, a piece of whole rows to a worker, whichever way
 * round it is stored: so the file comes in as fast as the disk gives it.
 */
final class Packing {
  /** Inputs of one panel that are rearranged at a time: a tile stays in the first-level cache. */
  private static final int TILE = 64;

  private final PackedMatrix to;
  private final Tensor w; // (n, k)
  private final Workers workers;
  private final Scratch[] scratch;

  /** One worker's. */
  private final class Scratch {
    final float[] row = new float[Math.max(TILE, to.width())];
    final float[] tile = new float[TILE * to.width()];
    final short[] shorts;
    final byte[] bytes;

    Scratch() {
      Precision precision = to.precision();
      shorts = new short[precision.bytes() == Short.BYTES ? tile.length : 0];
      bytes = new byte[precision == Precision.I8 ? tile.length : 0];
    }
  }

  Packing(PackedMatrix to, Tensor w, Workers workers) {
    this.to = to;
    this.w = w;
    this.workers = workers;
    scratch = new Scratch[workers.size()];
    Arrays.setAll(scratch, i -> new Scratch());
  }

  void run() {
    boolean byRow = w.columnStride() == 1;
    if (to.scales() != null) {
      findScales(byRow);
    }
    int pieces = byRow ? to.panels() : Math.ceilDiv(to.k(), TILE);
    workers.run(pieces + 1, (item, worker) -> fill(item - 1, byRow, scratch[worker]));
  }

  /** A piece; -1 is the tensor's checksum, which one worker computes while others fill. */
  private void fill(int piece, boolean byRow, Scratch mine) {
    if (piece < 0) {
      w.verify();
    } else if (byRow) {
      fillByRow(piece, mine);
    } else {
      fillByColumn(piece, mine);
    }
  }

  /** W as stored by nanoGPT, (out, in): a panel is made of {@code width} rows. */
  private void fillByRow(int panel, Scratch scratch) {
    int from = panel * to.width();
    int count = Math.min(to.width(), to.n() - from);
    if (count < to.width()) {
      Arrays.fill(scratch.tile, 0);
    }
    for (int k0 = 0; k0 < to.k(); k0 += TILE) {
      int depth = Math.min(TILE, to.k() - k0);
      for (int c = 0; c < count; c++) {
        w.row(from + c, k0, depth, scratch.row, 0);
        float factor = factor(from + c);
        for (int i = 0; i < depth; i++) {
          scratch.tile[i * to.width() + c] = scratch.row[i] * factor;
        }
      }
      put(scratch, panel, k0, depth);
    }
  }

  /** W as stored by Hugging Face's Conv1D, (in, out): a piece of its rows is in every panel. */
  private void fillByColumn(int piece, Scratch scratch) {
    Tensor stored = w.transposed();
    int k0 = piece * TILE;
    int depth = Math.min(TILE, to.k() - k0);
    for (int panel = 0; panel < to.panels(); panel++) {
      int from = panel * to.width();
      int count = Math.min(to.width(), to.n() - from);
      if (count < to.width()) {
        Arrays.fill(scratch.tile, 0);
      }
      for (int i = 0; i < depth; i++) {
        stored.row(k0 + i, from, count, scratch.tile, i * to.width());
      }
      if (to.scales() != null) {
        scaleTile(scratch.tile, from, count, depth);
      }
      put(scratch, panel, k0, depth);
    }
  }

  private void scaleTile(float[] tile, int from, int count, int depth) {
    for (int c = 0; c < count; c++) {
      float factor = factor(from + c);
      for (int i = 0; i < depth; i++) {
        tile[i * to.width() + c] *= factor;
      }
    }
  }

  /** What makes a row's values those that are kept. */
  private float factor(int r) {
    float[] scales = to.scales();
    return scales == null || scales[r] == 0 ? 1 : 1 / scales[r];
  }

  /** The factors with which the largest value of each row becomes 127. */
  private void findScales(boolean byRow) {
    if (byRow) {
      workers.run(to.panels(), (panel, worker) -> largestByRow(panel, scratch[worker].row));
    } else {
      float[][] most = new float[workers.size()][to.n()];
      workers.run(
          Math.ceilDiv(to.k(), TILE),
          (piece, worker) -> largestByColumn(piece, scratch[worker].row, most[worker]));
      for (float[] each : most) {
        for (int r = 0; r < each.length; r++) {
          to.scales()[r] = Math.max(to.scales()[r], each[r]);
        }
      }
    }
    for (int r = 0; r < to.n(); r++) {
      to.scales()[r] /= Narrow.MOST_I8;
    }
  }

  private void largestByRow(int panel, float[] row) {
    int from = panel * to.width();
    int until = Math.min(from + to.width(), to.n());
    for (int r = from; r < until; r++) {
      float most = 0;
      for (int k0 = 0; k0 < to.k(); k0 += TILE) {
        int depth = Math.min(TILE, to.k() - k0);
        w.row(r, k0, depth, row, 0);
        for (int i = 0; i < depth; i++) {
          most = Math.max(most, Math.abs(row[i]));
        }
      }
      to.scales()[r] = most;
    }
  }

  private void largestByColumn(int piece, float[] row, float[] most) {
    Tensor stored = w.transposed();
    int until = Math.min((piece + 1) * TILE, to.k());
    for (int i = piece * TILE; i < until; i++) {
      for (int from = 0; from < to.n(); from += row.length) {
        int count = Math.min(row.length, to.n() - from);
        stored.row(i, from, count, row, 0);
        for (int c = 0; c < count; c++) {
          most[from + c] = Math.max(most[from + c], Math.abs(row[c]));
        }
      }
    }
  }

  /** The tile as inputs k0… of a panel. */
  private void put(Scratch scratch, int panel, int k0, int depth) {
    float[] tile = scratch.tile;
    int count = depth * to.width();
    long at = panel * to.panelBytes() + (long) to.precision().bytes() * k0 * to.width();
    MemorySegment data = to.data();
    switch (to.precision()) {
      case F32 -> MemorySegment.copy(tile, 0, data, ValueLayout.JAVA_FLOAT, at, count);
      case BF16 -> {
        Narrow.toBf16(tile, scratch.shorts, count);
        MemorySegment.copy(scratch.shorts, 0, data, ValueLayout.JAVA_SHORT, at, count);
      }
      case F16 -> {
        Narrow.toF16(tile, scratch.shorts, count, w.name());
        MemorySegment.copy(scratch.shorts, 0, data, ValueLayout.JAVA_SHORT, at, count);
      }
      case I8 -> {
        Narrow.toI8(tile, scratch.bytes, count);
        MemorySegment.copy(scratch.bytes, 0, data, ValueLayout.JAVA_BYTE, at, count);
      }
    }
  }
}
