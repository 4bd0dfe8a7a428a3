package gpt.backend.cpu;

import gpt.backend.cpu.kernels.Q4Encoder;
import gpt.backend.cpu.kernels.QuantizedPanel;
import gpt.backend.cpu.kernels.ReducedPrecision;
import gpt.model.Precision;
import gpt.model.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Fills a packed matrix from a tensor, on all workers. The tensor is usually a view of a mapped
 * file. For both storage orders a worker takes stored rows as a whole, so the file is read
 * sequentially, at the disk's speed.
 */
final class Packing {
  /** Steps over k that are transposed at a time: the tile stays in the L1 cache. */
  private static final int TILE = 64;

  private final PackedMatrix to;
  private final Tensor w; // (n, k)
  private final Workers workers;
  private final Scratch[] scratch;

  /** Buffers of one worker. */
  private final class Scratch {
    final float[] row = new float[Math.max(TILE, to.width())];
    final float[] tile = new float[TILE * to.width()];
    final short[] shorts;
    final int[] pairs;
    final byte[] bytes;
    final Q4Encoder encoder = new Q4Encoder(w.name());

    Scratch() {
      Precision precision = to.precision();
      boolean half = precision == Precision.BF16 || precision == Precision.F16;
      shorts = new short[half ? tile.length : 0];
      pairs = new int[shorts.length / 2];
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
      computeScales(byRow);
    }
    int pieces = byRow ? to.panels() : Math.ceilDiv(to.k(), TILE);
    workers.run(pieces + 1, (item, worker) -> fill(item - 1, byRow, scratch[worker]));
  }

  /** Fills a piece; piece −1 verifies the tensor's checksum, which one worker does meanwhile. */
  private void fill(int piece, boolean byRow, Scratch mine) {
    if (piece < 0) {
      w.verify();
    } else if (to.quantized() != null && to.quantized().type() == w.dtype()) {
      fillQuantized(piece);
    } else if (byRow && to.precision() == Precision.Q4) {
      roundRows(piece, mine);
    } else if (byRow) {
      fillByRow(piece, mine);
    } else {
      fillByColumn(piece, mine);
    }
  }

  /** Quantized blocks are stored along k: a piece is one panel. */
  private void fillQuantized(int panel) {
    int from = panel * to.width();
    int count = Math.min(to.width(), to.n() - from);
    for (int c = 0; c < count; c++) {
      to.quantized().store(w, from + c, to.data(), panel * to.panelBytes(), c);
    }
  }

  /** W stored as (out, in), as in nanoGPT: a piece is one panel, made of {@code width} rows. */
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
        float inverse = inverseScale(from + c);
        for (int i = 0; i < depth; i++) {
          scratch.tile[i * to.width() + c] = scratch.row[i] * inverse;
        }
      }
      store(scratch, panel, k0, depth);
    }
  }

  /** Rows are rounded to q4 as they are: a block is 32 weights of one. */
  private void roundRows(int panel, Scratch scratch) {
    int from = panel * to.width();
    int count = Math.min(to.width(), to.n() - from);
    for (int c = 0; c < count; c++) {
      for (int k0 = 0; k0 < to.k(); k0 += TILE) {
        int depth = Math.min(TILE, to.k() - k0);
        w.row(from + c, k0, depth, scratch.row, 0);
        storeQ4(scratch.row, 0, 1, panel, c, k0, depth, scratch.encoder);
      }
    }
  }

  /** W stored as (in, out), Hugging Face's Conv1D: a piece is {@code TILE} rows of every panel. */
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
      store(scratch, panel, k0, depth);
    }
  }

  private void scaleTile(float[] tile, int from, int count, int depth) {
    for (int c = 0; c < count; c++) {
      float inverse = inverseScale(from + c);
      for (int i = 0; i < depth; i++) {
        tile[i * to.width() + c] *= inverse;
      }
    }
  }

  /** What weights of row r are multiplied by to give stored values. */
  private float inverseScale(int r) {
    float[] scales = to.scales();
    return scales == null || scales[r] == 0 ? 1 : 1 / scales[r];
  }

  /** Scales that quantize the largest magnitude of each row to 127. */
  private void computeScales(boolean byRow) {
    if (byRow) {
      workers.run(to.panels(), (panel, worker) -> maxByRow(panel, scratch[worker].row));
    } else {
      float[][] maxima = new float[workers.size()][to.n()];
      workers.run(
          Math.ceilDiv(to.k(), TILE),
          (piece, worker) -> maxByColumn(piece, scratch[worker].row, maxima[worker]));
      for (float[] each : maxima) {
        for (int r = 0; r < each.length; r++) {
          to.scales()[r] = Math.max(to.scales()[r], each[r]);
        }
      }
    }
    for (int r = 0; r < to.n(); r++) {
      to.scales()[r] /= ReducedPrecision.MAX_I8;
    }
  }

  private void maxByRow(int panel, float[] row) {
    int from = panel * to.width();
    int until = Math.min(from + to.width(), to.n());
    for (int r = from; r < until; r++) {
      float max = 0;
      for (int k0 = 0; k0 < to.k(); k0 += TILE) {
        int depth = Math.min(TILE, to.k() - k0);
        w.row(r, k0, depth, row, 0);
        for (int i = 0; i < depth; i++) {
          max = Math.max(max, Math.abs(row[i]));
        }
      }
      to.scales()[r] = max;
    }
  }

  private void maxByColumn(int piece, float[] row, float[] maxima) {
    Tensor stored = w.transposed();
    int until = Math.min((piece + 1) * TILE, to.k());
    for (int i = piece * TILE; i < until; i++) {
      for (int from = 0; from < to.n(); from += row.length) {
        int count = Math.min(row.length, to.n() - from);
        stored.row(i, from, count, row, 0);
        for (int c = 0; c < count; c++) {
          maxima[from + c] = Math.max(maxima[from + c], Math.abs(row[c]));
        }
      }
    }
  }

  /** Converts the tile and stores it as rows [k0, k0 + depth) of a panel. */
  private void store(Scratch scratch, int panel, int k0, int depth) {
    float[] tile = scratch.tile;
    int count = depth * to.width();
    long at = panel * to.panelBytes() + to.bytes(k0);
    MemorySegment data = to.data();
    switch (to.precision()) {
      case F32 -> MemorySegment.copy(tile, 0, data, ValueLayout.JAVA_FLOAT, at, count);
      case BF16 -> {
        ReducedPrecision.toBf16(tile, scratch.shorts, count);
        storePairs(scratch, count, data, at);
      }
      case F16 -> {
        ReducedPrecision.toF16(tile, scratch.shorts, count, w.name());
        storePairs(scratch, count, data, at);
      }
      case I8 -> {
        ReducedPrecision.toI8(tile, scratch.bytes, count);
        MemorySegment.copy(scratch.bytes, 0, data, ValueLayout.JAVA_BYTE, at, count);
      }
      case Q4 -> {
        int columns = Math.min(to.width(), to.n() - panel * to.width());
        for (int c = 0; c < columns; c++) {
          storeQ4(tile, c, to.width(), panel, c, k0, depth, scratch.encoder);
        }
      }
      case STORED -> throw new AssertionError();
    }
  }

  /** Rounds and stores whole blocks of a column: weights that are {@code stride} apart. */
  private void storeQ4(
      float[] x, int at, int stride, int panel, int c, int k0, int depth, Q4Encoder encoder) {
    for (int k = 0; k < depth; k += QuantizedPanel.CHUNK) {
      long block = panel * to.panelBytes() + to.bytes(k0 + k);
      to.quantized().store(x, at + k * stride, stride, to.data(), block, c, encoder);
    }
  }

  private void storePairs(Scratch scratch, int count, MemorySegment data, long at) {
    ReducedPrecision.toPairs(scratch.shorts, to.width(), count, scratch.pairs);
    MemorySegment.copy(scratch.pairs, 0, data, ValueLayout.JAVA_INT, at, count / 2);
  }
}
