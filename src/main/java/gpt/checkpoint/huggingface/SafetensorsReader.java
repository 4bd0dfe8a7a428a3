package gpt.checkpoint.huggingface;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import gpt.GptException;
import gpt.checkpoint.files.Fault;
import gpt.checkpoint.files.FileBytes;
import gpt.checkpoint.files.Json;
import gpt.checkpoint.format.StoredTensor;
import gpt.checkpoint.format.TensorChecks;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads a safetensors file: the length of the header (8 bytes, little-endian), the header (JSON:
 * name, type, shape and byte range of every tensor), and the tensors' data without gaps.
 */
record SafetensorsReader(Path file, MemorySegment mapped) {
  static final String METADATA = "__metadata__";
  static final int LENGTH_BYTES = 8;

  /** The limit of the format's own library. */
  private static final long MAX_HEADER_BYTES = 100_000_000;

  /** The bytes per element of each type. */
  private static final Map<String, Integer> TYPE_BYTES =
      Map.ofEntries(
          Map.entry("BOOL", 1),
          Map.entry("U8", 1),
          Map.entry("I8", 1),
          Map.entry("U16", 2),
          Map.entry("I16", 2),
          Map.entry("F16", 2),
          Map.entry("BF16", 2),
          Map.entry("U32", 4),
          Map.entry("I32", 4),
          Map.entry("F32", 4),
          Map.entry("U64", 8),
          Map.entry("I64", 8),
          Map.entry("F64", 8));

  /** A tensor's entry in the header; its byte range counts from the end of the header. */
  private record Entry(String name, String dtype, long[] shape, long begin, long end) {}

  /**
   * Maps a file and checks its header.
   *
   * @param arena closing it unmaps the file
   * @return the tensors by key, as in the file
   * @throws GptException if the header is invalid or does not fit the file
   */
  static Map<String, StoredTensor> map(Path file, Arena arena) throws IOException {
    return new SafetensorsReader(file, FileBytes.map(file, arena)).tensors();
  }

  private Map<String, StoredTensor> tensors() {
    long size = mapped.byteSize();
    if (size < LENGTH_BYTES) {
      throw Fault.in(file, "cut off: expected a header, found " + size + " bytes");
    }
    // Not with a layout: Java takes 10 ms to make the first one's accessors.
    long length =
        mapped.asSlice(0, LENGTH_BYTES).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN).getLong();
    if (length < 2 || length > MAX_HEADER_BYTES) {
      throw Fault.in(
          file,
          "not a safetensors file: expected a header of 2 to %d bytes, found a length of %s"
              .formatted(MAX_HEADER_BYTES, Long.toUnsignedString(length)));
    }
    if (length > size - LENGTH_BYTES) {
      throw Fault.in(
          file,
          "cut off: expected a header of %d bytes, found a file of %d".formatted(length, size));
    }
    byte[] header = mapped.asSlice(LENGTH_BYTES, length).toArray(ValueLayout.JAVA_BYTE);
    List<Entry> entries;
    try {
      entries = entries(Json.strict(header));
    } catch (IOException | IllegalStateException | NumberFormatException e) {
      throw Fault.in(file, "its header is damaged: " + Json.reason(e), e);
    }
    MemorySegment data = mapped.asSlice(LENGTH_BYTES + length);
    checkRanges(entries, data.byteSize());
    Map<String, StoredTensor> out = new LinkedHashMap<>();
    for (Entry e : entries) {
      MemorySegment bytes = data.asSlice(e.begin(), e.end() - e.begin());
      out.put(e.name(), new StoredTensor(file, e.name(), e.dtype(), e.shape(), bytes));
    }
    return out;
  }

  private List<Entry> entries(JsonReader json) throws IOException {
    List<Entry> out = new ArrayList<>();
    Set<String> names = new HashSet<>();
    json.beginObject();
    while (json.hasNext()) {
      String name = json.nextName();
      if (!names.add(name)) {
        throw Fault.in(file, "duplicate tensor " + name + " in the header");
      }
      if (name.equals(METADATA)) {
        json.skipValue();
      } else {
        out.add(entry(json, name));
      }
    }
    json.endObject();
    if (json.peek() != JsonToken.END_DOCUMENT) {
      throw Fault.in(file, "its header is damaged: expected one JSON object, found more after it");
    }
    return out;
  }

  private Entry entry(JsonReader json, String name) throws IOException {
    String dtype = null;
    long[] shape = null;
    long[] range = null;
    Set<String> keys = new HashSet<>();
    json.beginObject();
    while (json.hasNext()) {
      String key = json.nextName();
      if (!keys.add(key)) {
        throw Fault.in(file, "tensor " + name + ": duplicate " + key + " in the header");
      }
      switch (key) {
        case "dtype" -> dtype = json.nextString();
        case "shape" -> shape = longs(json, name, key);
        case "data_offsets" -> range = longs(json, name, key);
        default -> json.skipValue();
      }
    }
    json.endObject();
    if (dtype == null || shape == null || range == null || range.length != 2) {
      throw Fault.in(
          file, "tensor " + name + ": expected dtype, shape and two data_offsets in its header");
    }
    return new Entry(name, dtype, shape, range[0], range[1]);
  }

  private long[] longs(JsonReader json, String name, String key) throws IOException {
    List<Long> out = new ArrayList<>();
    json.beginArray();
    while (json.hasNext()) {
      if (json.peek() != JsonToken.NUMBER) {
        throw Fault.in(file, "tensor " + name + ": " + key + ": expected integers");
      }
      long value = json.nextLong();
      if (value < 0) {
        throw Fault.in(
            file, "tensor " + name + ": " + key + ": expected at least 0, found " + value);
      }
      out.add(value);
    }
    json.endArray();
    return out.stream().mapToLong(Long::longValue).toArray();
  }

  private void checkRanges(List<Entry> entries, long available) {
    List<Entry> sorted = new ArrayList<>(entries);
    sorted.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
    long at = 0;
    for (Entry e : sorted) {
      if (e.end() < e.begin()) {
        throw Fault.in(
            file,
            "tensor %s: data_offsets: expected an end of at least %d, found %d"
                .formatted(e.name(), e.begin(), e.end()));
      }
      if (e.end() > available) {
        throw Fault.in(
            file,
            "cut off: tensor %s: expected data up to byte %d, found %d bytes"
                .formatted(e.name(), e.end(), available));
      }
      if (e.begin() != at) {
        throw TensorChecks.misplaced(file, e.name(), at, e.begin());
      }
      checkSize(e);
      at = e.end();
    }
    if (at != available) {
      throw Fault.in(
          file, "expected " + at + " bytes of tensors, found " + available + " after the header");
    }
  }

  private void checkSize(Entry e) {
    Integer bytes = TYPE_BYTES.get(e.dtype());
    if (bytes == null) {
      return; // an unknown type is an error only if the model uses the tensor
    }
    long found = e.end() - e.begin();
    long size = bytes;
    try {
      for (long d : e.shape()) {
        size = Math.multiplyExact(size, d);
      }
    } catch (ArithmeticException overflow) {
      size = -1;
    }
    if (size != found) {
      throw Fault.in(
          file,
          "tensor %s: expected %s bytes (its shape of %s), found %d"
              .formatted(
                  e.name(), size < 0 ? "more than 2^63" : Long.toString(size), e.dtype(), found));
    }
  }
}
