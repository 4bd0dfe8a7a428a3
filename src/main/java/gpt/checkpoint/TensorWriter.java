package gpt.checkpoint;

import gpt.checkpoint.CheckpointWriter.Progress;
import gpt.model.DType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.stream.IntStream;

/**
 * Writes tensors one after another. What is not copied as it lies is made by all processors a few
 * megabytes at a time, so that memory holds no more of it, whatever the model.
 */
final class TensorWriter implements AutoCloseable {
  /** Elements that one thread makes at once: 1/32 of what is written at once. */
  private static final int PART = 1 << 16;

  private static final int PARTS = 32;
  private static final long SLICE = 1 << 24;

  private final WritableByteChannel out;
  private final Progress progress;
  private final long total;
  private long done;
  private Arena arena = Arena.ofShared();
  private MemorySegment buffer = MemorySegment.NULL;

  /**
   * A writer.
   *
   * @param progress hears of every few megabytes
   * @param total bytes that will be written
   */
  TensorWriter(WritableByteChannel out, Progress progress, long total) {
    this.out = out;
    this.progress = progress;
    this.total = total;
  }

  /** All elements of a tensor. */
  void write(OutTensor t) throws IOException {
    t.verify().run();
    if (t.stored() != null) {
      MemorySegment data = t.stored().data();
      for (long at = 0; at < data.byteSize(); at += SLICE) {
        write(data.asSlice(at, Math.min(SLICE, data.byteSize() - at)).asByteBuffer());
      }
      return;
    }
    int perPart = Math.max(1, PART / t.columns());
    for (int first = 0; first < t.rows(); first += PARTS * perPart) {
      write(rows(t, first, Math.min(PARTS * perPart, t.rows() - first), perPart).asByteBuffer());
    }
  }

  /** As many zeros. */
  void zeros(int n) throws IOException {
    write(ByteBuffer.allocate(n));
  }

  /** Bytes that are ready. */
  void write(ByteBuffer bytes) throws IOException {
    int n = bytes.remaining();
    while (bytes.hasRemaining()) {
      out.write(bytes);
    }
    progress.at(done += n, total);
  }

  private MemorySegment rows(OutTensor t, int first, int count, int perPart) {
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
