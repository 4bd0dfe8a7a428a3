package gpt.checkpoint;

import com.google.gson.stream.JsonWriter;
import gpt.model.Tensor;
import gpt.model.Weights;
import gpt.model.Weights.Block;
import gpt.model.Weights.LayerNorm;
import gpt.model.Weights.Linear;
import java.io.IOException;
import java.io.StringWriter;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Writes weights as a safetensors file, with Hugging Face's keys and its Conv1D layout, (in, out).
 * Every tensor keeps its type. A matrix that lies the other way round is turned a band of rows at a
 * time, so that the heap holds a few megabytes, whatever the model.
 */
final class SafetensorsWriter {
  /** Where the tensors begin: good for any vector load of a mapped file. */
  private static final int ALIGNMENT = 64;

  private static final int BAND_ROWS = 64;
  private static final long SLICE = 1 << 26;

  /** A tensor with its key and the layout it is written in: dense rows. */
  private record Item(String key, Tensor tensor) {
    long bytes() {
      return tensor.size() * tensor.dtype().bytes();
    }
  }

  private final WritableByteChannel out;

  private SafetensorsWriter(WritableByteChannel out) {
    this.out = out;
  }

  static void write(Weights weights, WritableByteChannel out) throws IOException {
    List<Item> items = items(weights);
    // As the format's own library orders them, so that no element lies across its alignment.
    items.sort(Comparator.comparingInt((Item i) -> i.tensor().dtype().bytes()).reversed());
    writeFully(header(items), out);
    SafetensorsWriter writer = new SafetensorsWriter(out);
    for (Item item : items) {
      writer.dense(item.tensor());
    }
  }

  private static List<Item> items(Weights w) {
    List<Item> items = new ArrayList<>();
    items.add(new Item("transformer.wte.weight", w.wte()));
    items.add(new Item("transformer.wpe.weight", w.wpe()));
    for (int i = 0; i < w.h().size(); i++) {
      Block b = w.h(i);
      String prefix = "transformer.h." + i + ".";
      add(items, prefix + "ln_1", b.ln1());
      add(items, prefix + "attn.c_attn", b.attn().cAttn());
      add(items, prefix + "attn.c_proj", b.attn().cProj());
      add(items, prefix + "ln_2", b.ln2());
      add(items, prefix + "mlp.c_fc", b.mlp().cFc());
      add(items, prefix + "mlp.c_proj", b.mlp().cProj());
    }
    add(items, "transformer.ln_f", w.lnF());
    if (!w.tied()) {
      items.add(new Item("lm_head.weight", w.lmHead()));
    }
    return items;
  }

  private static void add(List<Item> items, String key, LayerNorm norm) {
    add(items, key, norm.weight(), norm.bias());
  }

  private static void add(List<Item> items, String key, Linear linear) {
    add(items, key, linear.weight().transposed(), linear.bias());
  }

  private static void add(List<Item> items, String key, Tensor weight, Tensor bias) {
    items.add(new Item(key + ".weight", weight));
    if (bias != null) {
      items.add(new Item(key + ".bias", bias));
    }
  }

  private static ByteBuffer header(List<Item> items) throws IOException {
    StringWriter text = new StringWriter();
    try (JsonWriter json = new JsonWriter(text)) {
      json.beginObject();
      json.name(SafetensorsReader.METADATA).beginObject().name("format").value("pt").endObject();
      long at = 0;
      for (Item item : items) {
        Tensor t = item.tensor();
        json.name(item.key()).beginObject();
        json.name("dtype").value(t.dtype().name());
        json.name("shape").beginArray();
        if (t.rank() == 2) {
          json.value(t.rows());
        }
        json.value(t.columns()).endArray();
        json.name("data_offsets").beginArray().value(at).value(at += item.bytes()).endArray();
        json.endObject();
      }
      json.endObject();
    }
    byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
    int start = SafetensorsReader.LENGTH_BYTES + bytes.length;
    int padding = Math.floorMod(-start, ALIGNMENT);
    ByteBuffer header = ByteBuffer.allocate(start + padding).order(ByteOrder.LITTLE_ENDIAN);
    header.putLong(bytes.length + padding).put(bytes);
    while (header.hasRemaining()) {
      header.put((byte) ' ');
    }
    return header.flip();
  }

  /** The elements in row-major order, as the bytes they are stored in. */
  private void dense(Tensor t) throws IOException {
    if (t.columnStride() == 1 && (t.rank() == 1 || t.rowStride() == t.columns())) {
      MemorySegment data = t.data();
      for (long at = 0; at < data.byteSize(); at += SLICE) {
        writeFully(data.asSlice(at, Math.min(SLICE, data.byteSize() - at)).asByteBuffer(), out);
      }
      return;
    }
    int size = t.dtype().bytes();
    byte[] band = new byte[Math.toIntExact((long) BAND_ROWS * t.columns() * size)];
    for (int first = 0; first < t.rows(); first += BAND_ROWS) {
      int rows = Math.min(BAND_ROWS, t.rows() - first);
      for (int c = 0; c < t.columns(); c++) {
        for (int r = 0; r < rows; r++) {
          long from = ((first + r) * t.rowStride() + c * t.columnStride()) * size;
          int to = (r * t.columns() + c) * size;
          MemorySegment.copy(t.data(), ValueLayout.JAVA_BYTE, from, band, to, size);
        }
      }
      writeFully(ByteBuffer.wrap(band, 0, rows * t.columns() * size), out);
    }
  }

  static void writeFully(ByteBuffer buffer, WritableByteChannel out) throws IOException {
    while (buffer.hasRemaining()) {
      out.write(buffer);
    }
  }
}
