package gpt.checkpoint;

import com.google.gson.stream.JsonWriter;
import gpt.checkpoint.Checkpoint.Progress;
import gpt.model.DType;
import gpt.model.Tensor;
import gpt.model.Weights;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Writes a safetensors file, with Hugging Face's keys and its Conv1D layout, (in, out). */
final class SafetensorsWriter {
  /** Where the tensors begin: good for any vector load of a mapped file. */
  private static final int ALIGNMENT = 64;

  private final List<OutTensor> items;
  private final ByteBuffer header;

  /** A file of these tensors; nothing is written yet. */
  SafetensorsWriter(List<OutTensor> tensors) {
    items = new ArrayList<>(tensors);
    // As the format's own library orders them, so that no element lies across its alignment.
    items.sort(Comparator.comparingLong((OutTensor i) -> i.dtype().bytes(1)).reversed());
    header = header();
  }

  /**
   * A model's tensors under their keys in this format.
   *
   * @param dtype the type of all, or null: every tensor keeps its own, blocks become float32
   */
  static List<OutTensor> tensors(Weights weights, DType dtype) {
    List<OutTensor> out = new ArrayList<>();
    WeightList.of(weights)
        .forEach(
            (key, tensor) -> {
              Tensor t = WeightList.isConv1d(key) ? tensor.transposed() : tensor;
              DType own = t.dtype().block() == 1 ? t.dtype() : DType.F32;
              out.add(OutTensor.of(key(key), t, dtype == null ? own : dtype));
            });
    return out;
  }

  /** A key as the format has it. */
  static String key(String key) {
    return key.startsWith("lm_head.") ? key : HuggingFaceReader.TRANSFORMER + key;
  }

  /** Bytes of the whole file. */
  long size() {
    return header.remaining() + items.stream().mapToLong(OutTensor::bytes).sum();
  }

  void write(WritableByteChannel out, Progress progress) throws IOException {
    try (TensorWriter writer = new TensorWriter(out, progress, size())) {
      writer.write(header.duplicate());
      for (OutTensor item : items) {
        writer.write(item);
      }
    }
  }

  private ByteBuffer header() {
    byte[] bytes = json().getBytes(StandardCharsets.UTF_8);
    int start = SafetensorsReader.LENGTH_BYTES + bytes.length;
    int padding = Math.floorMod(-start, ALIGNMENT);
    ByteBuffer header = ByteBuffer.allocate(start + padding).order(ByteOrder.LITTLE_ENDIAN);
    header.putLong(bytes.length + padding).put(bytes);
    while (header.hasRemaining()) {
      header.put((byte) ' ');
    }
    return header.flip();
  }

  private String json() {
    StringWriter text = new StringWriter();
    try (JsonWriter json = new JsonWriter(text)) {
      json.beginObject();
      json.name(SafetensorsReader.METADATA).beginObject().name("format").value("pt").endObject();
      long at = 0;
      for (OutTensor item : items) {
        json.name(item.key()).beginObject();
        json.name("dtype").value(item.dtype().name());
        json.name("shape").beginArray();
        if (item.rank() == 2) {
          json.value(item.rows());
        }
        json.value(item.columns()).endArray();
        json.name("data_offsets").beginArray().value(at).value(at += item.bytes()).endArray();
        json.endObject();
      }
      json.endObject();
    } catch (IOException e) {
      throw new IllegalStateException(e); // a string takes everything
    }
    return text.toString();
  }
}
