package gpt.backend.cpu;

import gpt.backend.cpu.CpuForward.Linear;
import gpt.backend.cpu.kernels.CpuKernels;
import gpt.backend.cpu.kernels.QuantizedRows;
import gpt.model.Gelu;
import gpt.model.Precision;
import java.lang.foreign.MemorySegment;

/**
 * A linear layer over many rows (GEMM), divided into tiles of rows × panels that the workers share.
 * Each tile runs its epilogue (scales, bias, GELU, residual) while it is in cache.
 */
final class MatrixProduct {
  /** Rows of a tile: their inputs fit into a core's L2 cache beside the panels. */
  private static final int TILE_ROWS = 96;

  /** Panels of a tile at most: read from memory once, then from cache by the next rows' tile. */
  private static final int TILE_PANELS = 8;

  /** Tiles per worker, so that the others take over the work of one that is descheduled. */
  private static final int TILES_PER_WORKER = 8;

  /**
   * FMAs below which a product runs on the caller's thread alone. One core does these in about 20
   * µs; synchronizing with the others costs 2 µs on an idle machine, but a time slice of
   * milliseconds where another process has the core. The demo model decodes on one thread, GPT-2's
   * smallest on all.
   */
  private static final long MIN_PARALLEL_FMAS = 1 << 18;

  /** Time to quantize one value, in FMAs. */
  private static final int QUANTIZING_FMAS = 16;

  private final CpuKernels kernels;
  private final Workers workers;
  private final MemorySegment[] scratch; // per worker: one panel of floats
  private final Tiles tiles = new Tiles();
  private final QuantizedRows quantized = new QuantizedRows(); // the product's x, rounded

  /**
   * Products on the given kernels and workers.
   *
   * @param scratch for each worker a buffer for one panel of floats; empty where all weights are
   *     f32
   */
  MatrixProduct(CpuKernels kernels, Workers workers, MemorySegment[] scratch) {
    this.kernels = kernels;
    this.workers = workers;
    this.scratch = scratch;
  }

  /** out = x Wᵀ + b for rows [from, to). */
  void linear(Linear layer, float[] x, int from, int to, float[] out) {
    tiles.set(layer, x, from, to, out).run();
  }

  /** out = gelu(x Wᵀ + b) for rows [from, to). */
  void linearGelu(Linear layer, float[] x, int from, int to, float[] out, Gelu form) {
    tiles.set(layer, x, from, to, out);
    tiles.gelu = form;
    tiles.run();
  }

  /** residual += x Wᵀ + b for rows [from, to); {@code out} is scratch of the same shape. */
  void linearResidual(Linear layer, float[] x, int from, int to, float[] out, float[] residual) {
    tiles.set(layer, x, from, to, out);
    tiles.residual = residual;
    tiles.run();
  }

  /** out = x Wᵀ for rows [from, to); row {@code from} of x gives row 0 of out. */
  void logits(PackedMatrix w, float[] x, int from, int to, float[] out) {
    tiles.set(w, null, x, from, to, out, 0).run();
  }

  /** Runs the items, {@code fmas} FMAs together, on all workers where that is faster. */
  void parallelFor(int items, long fmas, Workers.Body body) {
    if (fmas < MIN_PARALLEL_FMAS) {
      workers.runAlone(items, body);
    } else {
      workers.run(items, body);
    }
  }

  /** The current product. One object is reused for all, so that decode allocates nothing. */
  private final class Tiles implements Workers.Body {
    private PackedMatrix w;
    private float[] bias; // (n) or null
    private float[] x;
    private int xAt;
    private int rows;
    private float[] out;
    private int outAt;
    private Gelu gelu; // epilogue's activation, or null
    private float[] residual; // (rows, n) that the epilogue adds to, or null
    private int rowTiles;
    private int tileColumns;
    private final Workers.Body quantizing =
        (row, worker) -> kernels.quantize(x, xAt + row * w.k(), quantized, row);

    Tiles set(Linear layer, float[] x, int from, int to, float[] out) {
      return set(layer.weight(), layer.bias(), x, from, to, out, from * layer.weight().n());
    }

    Tiles set(PackedMatrix w, float[] bias, float[] x, int from, int to, float[] out, int outAt) {
      this.w = w;
      this.bias = bias;
      this.x = x;
      xAt = from * w.k();
      rows = to - from;
      this.out = out;
      this.outAt = outAt;
      gelu = null;
      residual = null;
      return this;
    }

    void run() {
      if (w.quantized() != null) {
        quantized.reset(rows, w.k(), w.quantized());
        parallelFor(rows, (long) rows * w.k() * QUANTIZING_FMAS, quantizing);
      }
      rowTiles = (rows + TILE_ROWS - 1) / TILE_ROWS;
      int wanted = Math.max(1, workers.size() * TILES_PER_WORKER / rowTiles);
      int tilePanels = Math.ceilDiv(w.panels(), Math.min(wanted, w.panels()));
      if (rowTiles > 1) {
        tilePanels = Math.min(tilePanels, TILE_PANELS);
      }
      int streams = Math.max(1, tilePanels / CpuKernels.STREAMS) * CpuKernels.STREAMS;
      if (rowTiles == 1 && Math.ceilDiv(w.panels(), streams) >= workers.size()) {
        tilePanels = streams;
      }
      int panelTiles = Math.ceilDiv(w.panels(), tilePanels);
      tileColumns = tilePanels * w.width();
      parallelFor(rowTiles * panelTiles, (long) rows * w.n() * w.k(), this);
    }

    /** Consecutive items share their panels, which are most of what a tile reads. */
    @Override
    public void run(int item, int worker) {
      int column = item / rowTiles * tileColumns;
      int columns = Math.min(tileColumns, w.n() - column);
      int row = item % rowTiles * TILE_ROWS;
      int count = Math.min(TILE_ROWS, rows - row);
      int at = outAt + row * w.n() + column;
      multiply(row, count, column, columns, at, worker);
      for (int m = 0; m < count; m++) {
        epilogue(at + m * w.n(), column, columns);
      }
    }

    /** {@code count} rows of x times the columns' weights, without the scales of i8. */
    private void multiply(int row, int count, int column, int columns, int at, int worker) {
      int k = w.k();
      int from = xAt + row * k;
      int n = w.n();
      long bytes = w.panelBytes();
      long wAt = column / w.width() * bytes;
      if (w.quantized() != null) {
        kernels.quantizedMatmul(
            w.quantized(), quantized, row, count, w.data(), wAt, bytes, columns, out, at, n);
      } else if (w.precision() == Precision.F32) {
        kernels.matmul(x, from, k, count, w.data(), wAt, bytes, k, columns, out, at, n);
      } else {
        kernels.mixedPrecisionMatmul(
            w.precision(),
            x,
            from,
            k,
            count,
            w.data(),
            wAt,
            bytes,
            k,
            columns,
            out,
            at,
            n,
            scratch[worker]);
      }
    }

    /** Scales, bias, GELU and residual of one row of a tile. */
    private void epilogue(int at, int column, int columns) {
      if (w.scales() != null) {
        kernels.multiply(out, at, w.scales(), column, columns);
      }
      if (bias != null) {
        kernels.add(out, at, bias, column, columns);
      }
      if (gelu != null) {
        kernels.gelu(out, at, columns, gelu);
      }
      if (residual != null) {
        kernels.add(residual, at, out, at, columns);
      }
    }
  }
}
