package gpt.checkpoint.huggingface;

import com.google.gson.stream.JsonWriter;
import gpt.checkpoint.format.OutTensor;
import gpt.checkpoint.format.TensorWriter;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.LongConsumer;

/** Writes tensors as a safetensors file. */
public final class SafetensorsWriter {
  /** The alignment of the tensor data: enough for any vector load from the mapped file. */
  private static final int ALIGNMENT = 64;

  private final List<OutTensor> tensors;
  private final ByteBuffer header;

  /** Prepares the header; nothing is written yet. */
  public SafetensorsWriter(List<OutTensor> unsorted) {
    tensors = new ArrayList<>(unsorted);
    // In the order of the format's own library, which keeps every element aligned.
    tensors.sort(Comparator.comparingLong((OutTensor t) -> t.dtype().bytes(1)).reversed());
    header = header();
  }

  /** The size of the file in bytes. */
  public long size() {
    return header.remaining() + tensors.stream().mapToLong(OutTensor::bytes).sum();
  }

  /** Writes the file. */
  public void write(WritableByteChannel out, LongConsumer progress) throws IOException {
    try (TensorWriter writer = new TensorWriter(out, progress)) {
      writer.write(header.duplicate());
      for (OutTensor t : tensors) {
        writer.write(t);
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
      for (OutTensor t : tensors) {
        json.name(t.key()).beginObject();
        json.name("dtype").value(t.dtype().name());
        json.name("shape").beginArray();
        if (t.rank() == 2) {
          json.value(t.rows());
        }
        json.value(t.columns()).endArray();
        json.name("data_offsets").beginArray().value(at).value(at += t.bytes()).endArray();
        json.endObject();
      }
      json.endObject();
    } catch (IOException e) {
      throw new IllegalStateException(e); // a StringWriter never throws
    }
    return text.toString();
  }
}
