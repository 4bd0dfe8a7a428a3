package gpt.checkpoint.torch;

import gpt.checkpoint.torch.PickleBuilder.Torch;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * A nanoGPT checkpoint of a few kilobytes in which tests can change any part: one block, n_embd 2,
 * block_size 3, vocab_size 5. Element i of the tensor with storage s is 100 s + i + 0.5.
 */
public final class TinyNanoGpt {
  public static final int C = 2;
  public static final int T = 3;
  public static final int V = 5;

  public final Map<String, Object> args = new LinkedHashMap<>();
  public final Map<String, Object> tensors = new LinkedHashMap<>();
  public final Map<String, byte[]> records = new LinkedHashMap<>();

  public TinyNanoGpt() {
    args.putAll(Map.of("n_layer", 1, "n_head", 1, "n_embd", C, "block_size", T, "vocab_size", V));
    args.put("bias", true);
    args.put("dropout", 0.0);
    add("transformer.wte.weight", V, C);
    add("transformer.wpe.weight", T, C);
    norm("transformer.h.0.ln_1");
    linear("transformer.h.0.attn.c_attn", 3 * C, C);
    linear("transformer.h.0.attn.c_proj", C, C);
    norm("transformer.h.0.ln_2");
    linear("transformer.h.0.mlp.c_fc", 4 * C, C);
    linear("transformer.h.0.mlp.c_proj", C, 4 * C);
    norm("transformer.ln_f");
    tensors.put("lm_head.weight", tensors.get("transformer.wte.weight"));
  }

  private void norm(String key) {
    add(key + ".weight", C);
    add(key + ".bias", C);
  }

  private void linear(String key, int out, int in) {
    add(key + ".weight", out, in);
    add(key + ".bias", out);
  }

  /** Adds a float32 tensor with a new storage. */
  public TinyNanoGpt add(String key, Integer... shape) {
    int n = 1;
    for (int d : shape) {
      n *= d;
    }
    String storage = Integer.toString(records.size());
    ByteBuffer data = ByteBuffer.allocate(4 * n).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < n; i++) {
      data.putFloat(100 * records.size() + i + 0.5f);
    }
    records.put(storage, data.array());
    List<Integer> stride = shape.length == 1 ? List.of(1) : List.of(shape[1], 1);
    tensors.put(key, new Torch("torch.FloatStorage", storage, n, 0, List.of(shape), stride));
    return this;
  }

  public Torch get(String key) {
    return (Torch) tensors.get(key);
  }

  public byte[] pickle() {
    Map<String, Object> root = new LinkedHashMap<>();
    root.put("model", tensors);
    // An optimizer state that would fail to load if it were read.
    root.put(
        "optimizer",
        Map.of("state", new Torch("torch.FloatStorage", "no", 9, 0, List.of(9), List.of(1))));
    root.put("model_args", args);
    return new PickleBuilder().value(root).stop();
  }

  /** Writes ckpt.pt. */
  public Path write(Path folder) throws IOException {
    return write(folder, pickle());
  }

  /** Writes ckpt.pt with another pickle. */
  public Path write(Path folder, byte[] pickle) throws IOException {
    Map<String, byte[]> entries = new LinkedHashMap<>();
    entries.put("ckpt/data.pkl", pickle);
    records.forEach((key, data) -> entries.put("ckpt/data/" + key, data));
    entries.put("ckpt/version", "3\n".getBytes(StandardCharsets.US_ASCII));
    return zip(folder.resolve("ckpt.pt"), entries, ZipEntry.STORED);
  }

  /** The offset of an entry in a zip's central directory. */
  public static int directoryEntry(byte[] zip, String name) {
    String text = new String(zip, StandardCharsets.ISO_8859_1);
    int at = text.lastIndexOf(name + "PK") - 46;
    if (!text.startsWith("PK\1\2", at)) {
      throw new IllegalArgumentException("no entry " + name);
    }
    return at;
  }

  /** Sets every CRC-32 to 0, as torch.serialization.set_crc32_options(False) does. */
  public static byte[] withoutChecksums(byte[] zip) {
    byte[] out = zip.clone();
    String text = new String(zip, StandardCharsets.ISO_8859_1);
    for (int at = text.indexOf("PK\1\2"); at >= 0; at = text.indexOf("PK\1\2", at + 1)) {
      ByteBuffer.wrap(out).putInt(at + 16, 0);
    }
    return out;
  }

  public static Path zip(Path file, Map<String, byte[]> entries, int method) throws IOException {
    return zip(file, entries, name -> method);
  }

  /** Writes a zip; {@code methods} gives each entry's compression method by name. */
  public static Path zip(Path file, Map<String, byte[]> entries, ToIntFunction<String> methods)
      throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      for (Map.Entry<String, byte[]> e : entries.entrySet()) {
        ZipEntry entry = new ZipEntry(e.getKey());
        int method = methods.applyAsInt(e.getKey());
        entry.setMethod(method);
        if (method == ZipEntry.STORED) {
          CRC32 crc = new CRC32();
          crc.update(e.getValue());
          entry.setCrc(crc.getValue());
          entry.setSize(e.getValue().length);
        }
        zip.putNextEntry(entry);
        zip.write(e.getValue());
      }
    }
    return Files.write(file, bytes.toByteArray());
  }
}
