package gpt.backend.cpu;

import gpt.backend.cpu.CpuForward.Linear;
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
  private final Tiles tiles = new Tiles();

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

  /** out = x Wᵀ + b for rows [from, to). */
  void linear(Linear layer, float[] x, int from, int to, float[] out) {
    tiles.of(layer, x, from, to, out).run();
  }

  /** out = gelu(x Wᵀ + b). */
  void linearGelu(Linear layer, float[] x, int from, int to, float[] out, Gelu form) {
    tiles.of(layer, x, from, to, out);
    tiles.gelu = form;
    tiles.run();
  }

  /** residual += x Wᵀ + b; {@code out} is scratch of the same shape. */
  void linearResidual(Linear layer, float[] x, int from, int to, float[] out, float[] residual) {
    tiles.of(layer, x, from, to, out);
    tiles.residual = residual;
    tiles.run();
  }

  /** out = x Wᵀ; row {@code from} of x gives row 0 of out. */
  void logits(PackedMatrix w, float[] x, int from, int to, float[] out) {
    tiles.of(w, null, x, from, to, out, 0).run();
  }

  /** Runs items that together are so many multiply-adds, on all workers where that pays. */
  void share(int items, long work, Workers.Body body) {
    if (work < SERIAL) {
      workers.runAlone(items, body);
    } else {
      workers.run(items, body);
    }
  }

  /**
   * The product under way: one object for all of them, so that a token makes none. Each tile is
   * finished, its bias added and what follows done, while it is in cache.
   */
  private final class Tiles implements Workers.Body {
    private PackedMatrix w;
    private float[] bias; // (n) or null
    private float[] x;
    private int xAt;
    private int rows;
    private float[] out;
    private int outAt;
    private Gelu gelu; // null where none follows
    private float[] residual; // null where the product is added to nothing
    private int rowTiles;
    private int perTile; // columns

    Tiles of(Linear layer, float[] x, int from, int to, float[] out) {
      return of(layer.weight(), layer.bias(), x, from, to, out, from * layer.weight().n());
    }

    Tiles of(PackedMatrix w, float[] bias, float[] x, int from, int to, float[] out, int outAt) {
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
      rowTiles = (rows + TILE_ROWS - 1) / TILE_ROWS;
      int wanted = Math.max(1, workers.size() * TILES_PER_WORKER / rowTiles);
      int tilePanels = Math.ceilDiv(w.panels(), Math.min(wanted, w.panels()));
      if (rowTiles > 1) {
        tilePanels = Math.min(tilePanels, TILE_PANELS);
      }
      int streams = Math.max(1, tilePanels / CpuKernels.STREAMS) * CpuKernels.STREAMS;
      if (rows == 1 && Math.ceilDiv(w.panels(), streams) >= workers.size()) {
        tilePanels = streams;
      }
      int panelTiles = Math.ceilDiv(w.panels(), tilePanels);
      perTile = tilePanels * w.width();
      share(rowTiles * panelTiles, (long) rows * w.n() * w.k(), this);
    }

    /** Neighbouring items share the panels, which are the larger part of what a tile reads. */
    @Override
    public void run(int item, int worker) {
      int column = item / rowTiles * perTile;
      int columns = Math.min(perTile, w.n() - column);
      int row = item % rowTiles * TILE_ROWS;
      int count = Math.min(TILE_ROWS, rows - row);
      int at = outAt + row * w.n() + column;
      multiply(xAt + row * w.k(), count, column, columns, at, worker);
      for (int m = 0; m < count; m++) {
        finish(at + m * w.n(), column, columns);
      }
    }

    /** Rows of x from {@code from} on times some columns, without the factors of integers. */
    private void multiply(int from, int count, int column, int columns, int at, int worker) {
      int k = w.k();
      int n = w.n();
      long bytes = w.panelBytes();
      long wAt = column / w.width() * bytes;
      if (w.precision() == Precision.F32) {
        kernels.matmul(x, from, k, count, w.data(), wAt, bytes, k, columns, out, at, n);
      } else {
        kernels.narrowMatmul(
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

    private void finish(int at, int column, int columns) {
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
