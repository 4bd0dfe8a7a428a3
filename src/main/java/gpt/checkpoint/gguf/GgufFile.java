package gpt.checkpoint.gguf;

import gpt.checkpoint.files.Fault;
import gpt.checkpoint.format.StoredTensor;
import gpt.checkpoint.format.TensorChecks;
import gpt.model.DType;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A parsed GGUF file, version 2 or 3, little-endian: magic, version, counts; metadata keys with
 * values; name, shape, type and offset of every tensor; the tensors' data, each padded to the
 * alignment. Parsing checks the whole header against the file's size.
 *
 * @param metadata its keys and values
 * @param tensors by name; their shape is (rows, columns), the reverse of the order in the file
 */
record GgufFile(GgufMetadata metadata, Map<String, StoredTensor> tensors) {
  static final int MAGIC = 0x46554747;

  static final int VERSION = 3;
  static final int ALIGNMENT = 32;
  static final String ALIGNMENT_KEY = "general.alignment";

  /** Maximum number of keys, and of tensors. Each takes more heap memory than bytes in the file. */
  private static final int MAX_ENTRIES = 1 << 16;

  private static final int MAX_DIMENSIONS = 4;

  /** Bytes of a key with an empty name and a value of one byte. */
  private static final int MIN_KEY_BYTES = 13;

  /** Bytes of a tensor's entry with an empty name and no dimensions. */
  private static final int MIN_TENSOR_BYTES = 24;

  /** The names of common types of ggml that are not supported, for error messages. */
  private static final Map<Integer, String> UNSUPPORTED =
      Map.of(16, "IQ2_XXS", 18, "IQ3_XXS", 20, "IQ4_NL", 21, "IQ3_S", 23, "IQ4_XS");

  /** ggml's number of a tensor type. */
  static int typeNumber(DType dtype) {
    return switch (dtype) {
      case F32 -> 0;
      case F16 -> 1;
      case Q4_0 -> 2;
      case Q4_1 -> 3;
      case Q5_0 -> 6;
      case Q5_1 -> 7;
      case Q8_0 -> 8;
      case Q2_K -> 10;
      case Q3_K -> 11;
      case Q4_K -> 12;
      case Q5_K -> 13;
      case Q6_K -> 14;
      case BF16 -> 30;
    };
  }

  private static DType type(GgufCursor cursor, String what, int number) {
    return Arrays.stream(DType.values())
        .filter(type -> typeNumber(type) == number)
        .findFirst()
        .orElseThrow(
            () ->
                cursor.fault(
                    what
                        + ": expected F32, F16, BF16, Q4_0 to Q8_0 or Q2_K to Q6_K, found "
                        + UNSUPPORTED.getOrDefault(
                            number, "type " + Integer.toUnsignedString(number))));
  }

  /** A tensor's entry in the header; its offset counts from the start of the tensor data. */
  private record Entry(String name, DType dtype, long[] shape, long offset, long bytes) {
    long end() {
      return offset + bytes;
    }
  }

  /**
   * Parses and checks a file.
   *
   * @param file named in error messages
   * @param bytes the whole file
   * @throws gpt.GptException if the header is invalid or does not fit the file
   */
  static GgufFile parse(Path file, MemorySegment bytes) {
    GgufCursor cursor = new GgufCursor(file, bytes, 0);
    long tensorCount = header(cursor);
    long keyCount = count(cursor, "the number of keys", MIN_KEY_BYTES);
    GgufMetadata metadata = GgufMetadata.read(file, bytes, cursor, keyCount);
    long alignment = alignment(metadata);
    List<Entry> entries = new ArrayList<>();
    for (long i = 0; i < tensorCount; i++) {
      entries.add(entry(cursor, "tensor " + i));
    }
    long dataStart = alignUp(cursor.position(), alignment);
    if (!entries.isEmpty() && dataStart > bytes.byteSize()) {
      throw Fault.in(
          file,
          "cut off: expected tensors from byte %d on, found %d bytes"
              .formatted(dataStart, bytes.byteSize()));
    }
    long available = bytes.byteSize() - dataStart;
    checkRanges(file, entries, alignment, available);
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    for (Entry e : entries) {
      MemorySegment data = bytes.asSlice(dataStart + e.offset(), e.bytes());
      StoredTensor tensor = new StoredTensor(file, e.name(), e.dtype().name(), e.shape(), data);
      if (tensors.putIfAbsent(e.name(), tensor) != null) {
        throw Fault.in(file, "duplicate tensor " + e.name());
      }
    }
    return new GgufFile(metadata, tensors);
  }

  /** Reads magic, version and the number of tensors, which it returns. */
  private static long header(GgufCursor cursor) {
    if (cursor.remaining() < Integer.BYTES || cursor.i32("its magic") != MAGIC) {
      throw cursor.fault("not a GGUF file: expected it to begin with GGUF");
    }
    int version = cursor.i32("its version");
    if ((version & 0xFFFF) == 0) {
      throw cursor.fault("expected a little-endian GGUF file, found a big-endian one");
    }
    if (version != 2 && version != VERSION) {
      throw cursor.fault(
          "expected version 2 or 3 of the format, found " + Integer.toUnsignedString(version));
    }
    return count(cursor, "the number of tensors", MIN_TENSOR_BYTES);
  }

  private static long count(GgufCursor cursor, String what, int minBytes) {
    long n = cursor.count(what, minBytes);
    if (n > MAX_ENTRIES) {
      throw cursor.fault("%s: expected at most %d, found %d".formatted(what, MAX_ENTRIES, n));
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

  static long alignUp(long at, long alignment) {
    return Math.ceilDiv(at, alignment) * alignment;
  }

  private static Entry entry(GgufCursor cursor, String number) {
    String name = cursor.string(number);
    String what = "tensor " + name;
    int rank = cursor.i32(what);
    if (rank < 1 || rank > MAX_DIMENSIONS) {
      throw cursor.fault(
          "%s: expected 1 to %d dimensions, found %s"
              .formatted(what, MAX_DIMENSIONS, Integer.toUnsignedString(rank)));
    }
    long[] shape = new long[rank];
    for (int i = rank - 1; i >= 0; i--) {
      shape[i] = cursor.i64(what);
    }
    DType dtype = type(cursor, what, cursor.i32(what));
    long bytes = bytes(cursor, what, dtype, shape);
    long offset = cursor.i64(what);
    return new Entry(name, dtype, shape, offset, bytes);
  }

  private static long bytes(GgufCursor cursor, String what, DType dtype, long[] shape) {
    long row = shape[shape.length - 1];
    if (row % dtype.block() != 0) {
      throw cursor.fault(
          "%s: expected rows of a multiple of %d elements for %s, found %s"
              .formatted(what, dtype.block(), dtype, Long.toUnsignedString(row)));
    }
    long elements = 1;
    try {
      for (long d : shape) {
        if (d < 0) {
          throw new ArithmeticException("2^63 or more");
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
            "tensor %s: expected data at a multiple of the alignment, %d, found byte %d"
                .formatted(e.name(), alignment, e.offset()));
      }
      if (e.offset() != expected) {
        throw TensorChecks.misplaced(file, e.name(), expected, e.offset());
      }
      expected = alignUp(e.end(), alignment);
    }
  }
}
