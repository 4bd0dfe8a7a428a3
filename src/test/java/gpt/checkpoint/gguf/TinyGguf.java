package gpt.checkpoint.gguf;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A GGUF file of a few kilobytes in which tests can change any part. It is written from the
 * format's specification, independently of {@link GgufWriter}: one block, n_embd 2, block_size 3,
 * vocab_size 5.
 */
public final class TinyGguf {
  /** A tensor's entry; its dimensions in the file's order, columns first. */
  public static final class Entry {
    public String name;
    public long[] dims;
    public int type;
    public long offset;

    Entry(String name, long offset, long... dims) {
      this.name = name;
      this.offset = offset;
      this.dims = dims;
    }
  }

  public int magic = 0x46554747;
  public int version = 3;
  public Long tensorCount;
  public Long keyCount;

  /** Type and value of each key. */
  public final Map<String, byte[]> keys = new LinkedHashMap<>();

  /** Bytes after the keys; keyCount does not count them unless a test sets it. */
  public byte[] moreKeys = {};

  public final List<Entry> tensors = new ArrayList<>();
  public byte[] data;

  public TinyGguf() {
    keys.put("general.architecture", string("gpt2"));
    keys.put("gpt2.block_count", u32(1));
    keys.put("gpt2.context_length", u32(3));
    keys.put("gpt2.embedding_length", u32(2));
    keys.put("gpt2.feed_forward_length", u32(8));
    keys.put("gpt2.attention.head_count", u32(1));
    keys.put("gpt2.attention.layer_norm_epsilon", f32(1e-5f));
    add("token_embd.weight", 2, 5);
    add("position_embd.weight", 2, 3);
    layer("blk.0.attn_norm", 2);
    layer("blk.0.attn_qkv", 2, 6);
    layer("blk.0.attn_output", 2, 2);
    layer("blk.0.ffn_norm", 2);
    layer("blk.0.ffn_up", 2, 8);
    layer("blk.0.ffn_down", 8, 2);
    layer("output_norm", 2);
    data = new byte[(int) end()];
    ByteBuffer floats = ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < data.length / 4; i++) {
      floats.putFloat(4 * i, i + 0.5f);
    }
  }

  /** Adds a BPE tokenizer of five tokens. */
  public void addTokenizer() {
    keys.put("tokenizer.ggml.model", string("gpt2"));
    keys.put("tokenizer.ggml.pre", string("gpt-2"));
    keys.put("tokenizer.ggml.tokens", strings("a", "b", "ab", "<s>", "[PAD4]"));
    keys.put("tokenizer.ggml.token_type", ints(1, 1, 1, 3, 5));
    keys.put("tokenizer.ggml.merges", strings("a b"));
    keys.put("tokenizer.ggml.bos_token_id", u32(3));
    keys.put("tokenizer.ggml.eos_token_id", u32(3));
  }

  private void layer(String name, long... dims) {
    add(name + ".weight", dims);
    add(name + ".bias", dims[dims.length - 1]);
  }

  /** Adds a float32 tensor after the others. */
  public Entry add(String name, long... dims) {
    Entry entry = new Entry(name, end(), dims);
    tensors.add(entry);
    return entry;
  }

  private long end() {
    if (tensors.isEmpty()) {
      return 0;
    }
    Entry last = tensors.getLast();
    long n = 4;
    for (long d : last.dims) {
      n *= d;
    }
    return last.offset + (n + 31) / 32 * 32;
  }

  public Entry tensor(String name) {
    return tensors.stream().filter(t -> t.name.equals(name)).findFirst().orElseThrow();
  }

  public static byte[] little(int bytes, long value) {
    ByteBuffer out = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value);
    return Arrays.copyOf(out.array(), bytes);
  }

  public static byte[] join(byte[]... parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }

  public static byte[] text(String value) {
    byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
    return join(little(8, bytes.length), bytes);
  }

  public static byte[] typed(int type, byte[] value) {
    return join(little(4, type), value);
  }

  public static byte[] u32(long value) {
    return typed(4, little(4, value));
  }

  public static byte[] u64(long value) {
    return typed(10, little(8, value));
  }

  public static byte[] f32(float value) {
    return typed(6, little(4, Float.floatToRawIntBits(value)));
  }

  public static byte[] bool(boolean value) {
    return typed(7, new byte[] {(byte) (value ? 1 : 0)});
  }

  public static byte[] string(String value) {
    return typed(8, text(value));
  }

  public static byte[] array(int type, long count, byte[]... elements) {
    return typed(9, join(little(4, type), little(8, count), join(elements)));
  }

  public static byte[] strings(String... values) {
    byte[][] elements = new byte[values.length][];
    for (int i = 0; i < values.length; i++) {
      elements[i] = text(values[i]);
    }
    return array(8, values.length, elements);
  }

  public static byte[] ints(int... values) {
    byte[][] elements = new byte[values.length][];
    for (int i = 0; i < values.length; i++) {
      elements[i] = little(4, values[i]);
    }
    return array(5, values.length, elements);
  }

  public byte[] bytes() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(little(4, magic));
    out.writeBytes(little(4, version));
    out.writeBytes(little(8, tensorCount == null ? tensors.size() : tensorCount));
    out.writeBytes(little(8, keyCount == null ? keys.size() : keyCount));
    keys.forEach((key, value) -> out.writeBytes(join(text(key), value)));
    out.writeBytes(moreKeys);
    for (Entry t : tensors) {
      out.writeBytes(join(text(t.name), little(4, t.dims.length)));
      for (long d : t.dims) {
        out.writeBytes(little(8, d));
      }
      out.writeBytes(join(little(4, t.type), little(8, t.offset)));
    }
    out.writeBytes(new byte[Math.floorMod(-out.size(), 32)]);
    out.writeBytes(data);
    return out.toByteArray();
  }

  public Path write(Path folder) throws IOException {
    return Files.write(folder.resolve("tiny.gguf"), bytes());
  }
}
