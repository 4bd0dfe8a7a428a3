package gpt.checkpoint;

import gpt.model.DType;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A GGUF file, version 2 or 3, little-endian: magic, version, counts; keys with values; name,
 * shape, type and offset of every tensor; the tensors' bytes, each padded to the alignment. All
 * that its header says is checked against the file before anything is made of it.
 *
 * @param metadata its keys and values
 * @param tensors by their literal names; their shape is in the order of rows first, which the file
 *     has in reverse
 */
record GgufFile(GgufMetadata metadata, Map<String, StoredTensor> tensors) {
  /** "GGUF". */
  static final int MAGIC = 0x46554747;

  static final int VERSION = 3;
  static final int ALIGNMENT = 32;
  static final String ALIGNMENT_KEY = "general.alignment";

  /** Far more than any model has; each costs memory beyond its bytes in the file. */
  private static final int MOST = 1 << 16;

  private static final int MOST_DIMENSIONS = 4;

  /** Bytes of a key, or a tensor, whose name and value are empty. */
  private static final int LEAST_KEY = 13;

  private static final int LEAST_TENSOR = 24;

  /** Numbers of the types that a model may have, and of those that people meet most. */
  private static final Map<Integer, String> TYPES =
      Map.ofEntries(
          Map.entry(0, "F32"),
          Map.entry(1, "F16"),
          Map.entry(2, "Q4_0"),
          Map.entry(3, "Q4_1"),
          Map.entry(6, "Q5_0"),
          Map.entry(7, "Q5_1"),
          Map.entry(8, "Q8_0"),
          Map.entry(10, "Q2_K"),
          Map.entry(11, "Q3_K"),
          Map.entry(12, "Q4_K"),
          Map.entry(13, "Q5_K"),
          Map.entry(14, "Q6_K"),
          Map.entry(20, "IQ4_NL"),
          Map.entry(23, "IQ4_XS"),
          Map.entry(30, "BF16"));

  /** The number of a type in the file. */
  static int type(DType dtype) {
    return switch (dtype) {
      case F32 -> 0;
      case F16 -> 1;
      case Q8_0 -> 8;
      case BF16 -> 30;
    };
  }

  /** A header's entry; the offset counts from where the tensors begin. */
  private record Entry(String name, DType dtype, long[] shape, long offset, long bytes) {
    long end() {
      return offset + bytes;
    }
  }

  /**
   * Checks a file and finds its tensors.
   *
   * @param file names it in errors
   * @param bytes the whole file
   * @throws gpt.GptException where the header and the file do not fit each other
   */
  static GgufFile parse(Path file, MemorySegment bytes) {
    GgufCursor cursor = new GgufCursor(file, bytes, 0);
    long tensorCount = header(cursor);
    long keyCount = count(cursor, "the number of keys", LEAST_KEY);
    GgufMetadata metadata = GgufMetadata.read(file, bytes, cursor, keyCount);
    long alignment = alignment(metadata);
    List<Entry> entries = new ArrayList<>();
    for (long i = 0; i < tensorCount; i++) {
      entries.add(entry(cursor, "tensor " + i));
    }
    long start = aligned(cursor.at(), alignment);
    if (!entries.isEmpty() && start > bytes.byteSize()) {
      throw Fault.in(
          file,
          "cut off: expected tensors from byte %d on, found %d bytes"
              .formatted(start, bytes.byteSize()));
    }
    long available = bytes.byteSize() - start;
    checkRanges(file, entries, alignment, available);
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    for (Entry e : entries) {
      MemorySegment data = bytes.asSlice(start + e.offset(), e.bytes());
      StoredTensor tensor = new StoredTensor(file, e.name(), e.dtype().name(), e.shape(), data);
      if (tensors.putIfAbsent(e.name(), tensor) != null) {
        throw Fault.in(file, "tensor " + e.name() + " stands in it twice");
      }
    }
    return new GgufFile(metadata, tensors);
  }

  /** Up to the number of tensors, which it returns. */
  private static long header(GgufCursor cursor) {
    if (cursor.remaining() < Integer.BYTES || cursor.i32("its magic") != MAGIC) {
      throw cursor.fault("not a GGUF file: it does not begin with GGUF");
    }
    int version = cursor.i32("its version");
    if ((version & 0xFFFF) == 0) {
      throw cursor.fault("a big-endian GGUF file; only little-endian ones are read");
    }
    if (version != 2 && version != VERSION) {
      throw cursor.fault(
          "expected version 2 or 3 of the format, found " + Integer.toUnsignedString(version));
    }
    return count(cursor, "the number of tensors", LEAST_TENSOR);
  }

  private static long count(GgufCursor cursor, String what, int least) {
    long n = cursor.count(what, least);
    if (n > MOST) {
      throw cursor.fault("%s: expected at most %d, found %d".formatted(what, MOST, n));
    }
    return n;
  }

  private static long alignment(GgufMetadata metadata) {
    if (!metadata.has(ALIGNMENT_KEY)) {
      return ALIGNMENT;
    }
    int alignment = metadata.integer(ALIGNMENT_KEY);
    if (Integer.bitCount(alignment) != 1) {
      throw metadata.expected(ALIGNMENT_KEY, "a power of two", alignment);
    }
    return alignment;
  }

  static long aligned(long at, long alignment) {
    return Math.ceilDiv(at, alignment) * alignment;
  }

  private static Entry entry(GgufCursor cursor, String number) {
    String name = cursor.string(number);
    String what = "tensor " + name;
    int rank = cursor.i32(what);
    if (rank < 1 || rank > MOST_DIMENSIONS) {
      throw cursor.fault(
          "%s: expected 1 to %d dimensions, found %s"
              .formatted(what, MOST_DIMENSIONS, Integer.toUnsignedString(rank)));
    }
    long[] shape = new long[rank];
    for (int i = rank - 1; i >= 0; i--) {
      shape[i] = cursor.i64(what);
    }
    int type = cursor.i32(what);
    String typeName = TYPES.getOrDefault(type, "type " + Integer.toUnsignedString(type));
    DType dtype =
        switch (typeName) {
          case "F32" -> DType.F32;
          case "F16" -> DType.F16;
          case "BF16" -> DType.BF16;
          case "Q8_0" -> DType.Q8_0;
          default ->
              throw cursor.fault(what + ": expected F32, F16, BF16 or Q8_0, found " + typeName);
        };
    long bytes = bytes(cursor, what, dtype, shape);
    long offset = cursor.i64(what);
    return new Entry(name, dtype, shape, offset, bytes);
  }

  private static long bytes(GgufCursor cursor, String what, DType dtype, long[] shape) {
    long row = shape[shape.length - 1];
    if (row % dtype.block() != 0) {
      throw cursor.fault(
          "%s: rows of %s elements are no blocks of %s"
              .formatted(what, Long.toUnsignedString(row), dtype));
    }
    long elements = 1;
    try {
      for (long d : shape) {
        if (d < 0) {
          throw new ArithmeticException("beyond 2^63");
        }
        elements = Math.multiplyExact(elements, d);
      }
      return dtype.bytes(elements);
    } catch (ArithmeticException overflow) {
      throw cursor.fault(
          what + ": expected a shape of less than 2^63 bytes, found " + TensorChecks.shape(shape));
    }
  }

  private static void checkRanges(Path file, List<Entry> entries, long alignment, long available) {
    List<Entry> sorted = new ArrayList<>(entries);
    sorted.sort(Comparator.comparingLong(Entry::offset).thenComparingLong(Entry::bytes));
    long expected = 0;
    for (Entry e : sorted) {
      if (e.offset() < 0 || e.offset() > available || e.bytes() > available - e.offset()) {
        throw Fault.in(
            file,
            "cut off: tensor %s: expected %d bytes from byte %s on, found %d"
                .formatted(e.name(), e.bytes(), Long.toUnsignedString(e.offset()), available));
      }
      if (e.offset() % alignment != 0) {
        throw Fault.in(
            file,
            "tensor %s: its data begins at byte %d, which is no multiple of the alignment, %d"
                .formatted(e.name(), e.offset(), alignment));
      }
      if (e.offset() != expected) {
        throw Fault.in(
            file,
            "tensor %s: its data %s: expected byte %d, found %d"
                .formatted(
                    e.name(),
                    e.offset() < expected ? "overlaps another's" : "leaves a gap",
                    expected,
                    e.offset()));
      }
      expected = aligned(e.end(), alignment);
    }
  }
}
