package gpt.backend.cpu;

import gpt.model.GptConfig;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Keys and values of one sequence, in the panel layout of {@link PackedMatrix}, so that both
 * products of attention are matrix products: queries · keysᵀ with N = positions and K = hs, weights
 * · values with K = positions and N = hs. Positions beyond the sequence's length hold stale values,
 * which are read only as padding.
 */
final class KvCache implements AutoCloseable {
  private final NativeMemory memory = new NativeMemory();
  private final MemorySegment[] keys; // each layer: (nh, ceil(block_size / width), hs, width)
  private final MemorySegment[] values; // each layer: (nh, ceil(hs / width), block_size, width)
  private final int hs;
  private final int width;
  private final long keyHeadBytes;
  private final long valueHeadBytes;
  private final long valuePanelBytes;

  KvCache(GptConfig config, int width) {
    this.width = width;
    hs = config.headSize();
    int t = config.blockSize();
    keyHeadBytes = PackedMatrix.bytes(t, hs, width);
    valueHeadBytes = PackedMatrix.bytes(hs, t, width);
    valuePanelBytes = 4L * t * width;
    keys = new MemorySegment[config.nLayer()];
    values = new MemorySegment[config.nLayer()];
    for (int layer = 0; layer < keys.length; layer++) {
      keys[layer] = memory.allocate(config.nHead() * keyHeadBytes);
      values[layer] = memory.allocate(config.nHead() * valueHeadBytes);
    }
  }

  /** Stores the key and value of one head at position {@code pos}, hs floats each. */
  void put(int layer, int head, int pos, float[] qkv, int keyAt, int valueAt) {
    MemorySegment k = keys[layer];
    long lane = head * keyHeadBytes + pos / width * keyPanelBytes() + 4L * (pos % width);
    for (int i = 0; i < hs; i++) {
      k.set(ValueLayout.JAVA_FLOAT, lane + 4L * i * width, qkv[keyAt + i]);
    }
    long at = head * valueHeadBytes + 4L * pos * width;
    for (int i = 0; i < hs; i += width) {
      int n = Math.min(width, hs - i);
      MemorySegment.copy(qkv, valueAt + i, values[layer], ValueLayout.JAVA_FLOAT, at, n);
      at += valuePanelBytes;
    }
  }

  /** Copies positions [0, length) of a cache of the same shape. */
  void copyFrom(KvCache other, int length) {
    long keyBytes = Math.ceilDiv(length, width) * keyPanelBytes();
    for (int layer = 0; layer < keys.length; layer++) {
      for (long at = 0; at < keys[layer].byteSize(); at += keyHeadBytes) {
        MemorySegment.copy(other.keys[layer], at, keys[layer], at, keyBytes);
      }
      for (long at = 0; at < values[layer].byteSize(); at += valuePanelBytes) {
        MemorySegment.copy(other.values[layer], at, values[layer], at, 4L * length * width);
      }
    }
  }

  MemorySegment keys(int layer) {
    return keys[layer];
  }

  MemorySegment values(int layer) {
    return values[layer];
  }

  long keysAt(int head) {
    return head * keyHeadBytes;
  }

  long valuesAt(int head) {
    return head * valueHeadBytes;
  }

  long keyPanelBytes() {
    return 4L * hs * width;
  }

  long valuePanelBytes() {
    return valuePanelBytes;
  }

  @Override
  public void close() {
    memory.close();
  }
}
