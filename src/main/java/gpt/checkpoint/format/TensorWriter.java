package gpt.checkpoint.format;

import gpt.model.DType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;

/**
 * Writes tensors one after another. A tensor that cannot be copied unchanged is converted a few
 * megabytes at a time, in parallel, so that memory use does not depend on the model's size.
 */
public final class TensorWriter implements AutoCloseable {
  /** Elements that one task converts. */
  private static final int PART_ELEMENTS = 1 << 16;

  /** Tasks whose results are written together. */
  private static final int PARTS = 32;

  /** Bytes that are copied at once. */
  private static final long SLICE_BYTES = 1 << 24;

  private final WritableByteChannel out;
  private final LongConsumer progress;
  private long done;
  private Arena arena = Arena.ofShared();
  private MemorySegment buffer = MemorySegment.NULL;

  /**
   * Creates a writer.
   *
   * @param progress called every few megabytes with the bytes written so far
   */
  public TensorWriter(WritableByteChannel out, LongConsumer progress) {
    this.out = out;
    this.progress = progress;
  }

  /** Writes all elements of a tensor. */
  public void write(OutTensor t) throws IOException {
    t.verify().run();
    if (t.stored() != null) {
      MemorySegment data = t.stored().data();
      for (long at = 0; at < data.byteSize(); at += SLICE_BYTES) {
        write(data.asSlice(at, Math.min(SLICE_BYTES, data.byteSize() - at)).asByteBuffer());
      }
      return;
    }
    int perPart = Math.max(1, PART_ELEMENTS / t.columns());
    for (int first = 0; first < t.rows(); first += PARTS * perPart) {
      write(convert(t, first, Math.min(PARTS * perPart, t.rows() - first), perPart).asByteBuffer());
    }
  }

  /** Writes {@code n} zero bytes. */
  public void zeros(int n) throws IOException {
    write(ByteBuffer.allocate(n));
  }

  /** Writes bytes unchanged. */
  public void write(ByteBuffer bytes) throws IOException {
    int n = bytes.remaining();
    while (bytes.hasRemaining()) {
      out.write(bytes);
    }
    progress.accept(done += n);
  }

  private MemorySegment convert(OutTensor t, int first, int count, int perPart) {
    DType dtype = t.dtype();
    int columns = t.columns();
    long rowBytes = dtype.bytes(columns);
    MemorySegment bytes = buffer(count * rowBytes);
    IntStream.range(0, Math.ceilDiv(count, perPart))
        .parallel()
        .forEach(
            part -> {
              int from = part * perPart;
              int n = Math.min(perPart, count - from);
              float[] values = new float[Math.multiplyExact(n, columns)];
              t.elements().read(first + from, n, values);
              ElementEncoder.encode(
                  t.key(), dtype, values, bytes.asSlice(from * rowBytes, n * rowBytes));
            });
    return bytes;
  }

  private MemorySegment buffer(long size) {
    if (buffer.byteSize() < size) {
      arena.close();
      arena = Arena.ofShared();
      buffer = arena.allocate(size);
    }
    return buffer.asSlice(0, size);
  }

  @Override
  public void close() {
    arena.close();
  }
}
