package gpt.cpu;

import gpt.cpu.CpuBackend.Linear;
import gpt.model.Gelu;
import gpt.model.Precision;
import java.lang.foreign.MemorySegment;

/** A linear layer over many rows, cut into tiles that the workers share. */
final class MatrixProduct {
  /** Rows of one tile: their inputs stay in a core's second-level cache beside the panels. */
  private static final int TILE_ROWS = 96;

  /** Panels of one tile at most: read once from memory, then from cache by the next rows' tile. */
  private static final int TILE_PANELS = 8;

  /** Tiles a worker should get, so that one that is held up leaves work for the others. */
  private static final int TILES_PER_WORKER = 8;

  /**
   * Multiply-adds below which a product stays on the caller's thread. One core does these in about
   * 20 µs; meeting the others costs 2 µs on an idle machine, but a time slice of milliseconds where
   * another process has the core. The demo model decodes on one thread, GPT-2's smallest on all.
   */
  private static final long SERIAL = 1 << 18;

  private final CpuKernels kernels;
  private final Workers workers;
  private final MemorySegment[] scratch; // per worker: a panel of floats

  /**
   * Products of matrices.
   *
   * @param scratch for each worker room for a panel of floats; of length 0 where all weights are
   *     floats
   */
  MatrixProduct(CpuKernels kernels, Workers workers, MemorySegment[] scratch) {
    this.kernels = kernels;
    this.workers = workers;
    this.scratch = scratch;
  }

  /**
   * What is done to a tile of the product while it is in cache; {@code at} is its first element.
   */
  @FunctionalInterface
  private interface Finish {
    void row(int at, int column, int columns);
  }

  /** out = x Wᵀ + b for rows [from, to). */
  void linear(Linear layer, float[] x, int from, int to, float[] out) {
    tiles(layer.weight(), x, from, to, out, (at, column, n) -> addBias(layer, out, at, column, n));
  }

  /** out = gelu(x Wᵀ + b). */
  void linearGelu(Linear layer, float[] x, int from, int to, float[] out, Gelu form) {
    tiles(
        layer.weight(),
        x,
        from,
        to,
        out,
        (at, column, n) -> {
          addBias(layer, out, at, column, n);
          kernels.gelu(out, at, n, form);
        });
  }

  /** residual += x Wᵀ + b; {@code out} is scratch of the same shape. */
  void linearResidual(Linear layer, float[] x, int from, int to, float[] out, float[] residual) {
    tiles(
        layer.weight(),
        x,
        from,
        to,
        out,
        (at, column, n) -> {
          addBias(layer, out, at, column, n);
          kernels.add(residual, at, out, at, n);
        });
  }

  /** out = x Wᵀ; row {@code from} of x gives row 0 of out. */
  void logits(PackedMatrix w, float[] x, int from, int to, float[] out) {
    product(w, x, from * w.k(), to - from, out, 0, (at, column, n) -> {});
  }

  private void addBias(Linear layer, float[] out, int at, int column, int n) {
    if (layer.bias() != null) {
      kernels.add(out, at, layer.bias(), column, n);
    }
  }

  private void tiles(PackedMatrix w, float[] x, int from, int to, float[] out, Finish finish) {
    product(w, x, from * w.k(), to - from, out, from * w.n(), finish);
  }

  /** Runs items that together are so many multiply-adds, on all workers where that pays. */
  void share(int items, long work, Workers.Body body) {
    if (work < SERIAL) {
      workers.runAlone(items, body);
    } else {
      workers.run(items, body);
    }
  }

  private void product(
      PackedMatrix w, float[] x, int xAt, int rows, float[] out, int outAt, Finish finish) {
    int rowTiles = (rows + TILE_ROWS - 1) / TILE_ROWS;
    int wanted = Math.max(1, workers.size() * TILES_PER_WORKER / rowTiles);
    int tilePanels = Math.ceilDiv(w.panels(), Math.min(wanted, w.panels()));
    if (rowTiles > 1) {
      tilePanels = Math.min(tilePanels, TILE_PANELS);
    }
    int panelTiles = Math.ceilDiv(w.panels(), tilePanels);
    int perTile = tilePanels * w.width();
    // Neighbouring items share the panels, which are the larger part of what a tile reads.
    share(
        rowTiles * panelTiles,
        (long) rows * w.n() * w.k(),
        (item, worker) -> {
          int column = item / rowTiles * perTile;
          int columns = Math.min(perTile, w.n() - column);
          int row = item % rowTiles * TILE_ROWS;
          int count = Math.min(TILE_ROWS, rows - row);
          int at = outAt + row * w.n() + column;
          multiply(w, x, xAt + row * w.k(), count, column, columns, out, at, worker);
          for (int m = 0; m < count; m++) {
            if (w.scales() != null) {
              kernels.multiply(out, at + m * w.n(), w.scales(), column, columns);
            }
            finish.row(at + m * w.n(), column, columns);
          }
        });
  }

  /** Rows of x from {@code xAt} on times some columns, without the factors of 8-bit integers. */
  private void multiply(
      PackedMatrix w,
      float[] x,
      int xAt,
      int rows,
      int column,
      int columns,
      float[] out,
      int at,
      int worker) {
    int k = w.k();
    int n = w.n();
    long bytes = w.panelBytes();
    long wAt = column / w.width() * bytes;
    MemorySegment data = w.data();
    if (w.precision() == Precision.F32) {
      kernels.matmul(x, xAt, k, rows, data, wAt, bytes, k, columns, out, at, n);
    } else {
      kernels.narrowMatmul(
          w.precision(),
          x,
          xAt,
          k,
          rows,
          data,
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
}
