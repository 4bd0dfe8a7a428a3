package gpt.fuzz;

import static gpt.checkpoint.gguf.TinyGguf.array;
import static gpt.checkpoint.gguf.TinyGguf.f32;
import static gpt.checkpoint.gguf.TinyGguf.ints;
import static gpt.checkpoint.gguf.TinyGguf.join;
import static gpt.checkpoint.gguf.TinyGguf.little;
import static gpt.checkpoint.gguf.TinyGguf.string;
import static gpt.checkpoint.gguf.TinyGguf.strings;
import static gpt.checkpoint.gguf.TinyGguf.text;
import static gpt.checkpoint.gguf.TinyGguf.typed;
import static gpt.checkpoint.gguf.TinyGguf.u32;

import gpt.checkpoint.gguf.TinyGguf;
import gpt.checkpoint.gguf.TinyGguf.Entry;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;

/** GGUF seeds for {@link FuzzSeeds}. */
final class FuzzGgufs {
  private static final String EMBEDDING = "token_embd.weight";
  private static final long[] HUGE = {-1, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 62, 1L << 60};

  private final Map<String, byte[]> seeds = new LinkedHashMap<>();

  private FuzzGgufs() {}

  static Map<String, byte[]> all() {
    FuzzGgufs g = new FuzzGgufs();
    g.add("valid-file", t -> {});
    g.add("valid-characters", t -> t.keys.put("gpt.characters", strings("a", "b", "\n", "é", "c")));
    g.add("valid-tokenizer", TinyGguf::addTokenizer);
    g.add("valid-keys-of-all-types", FuzzGgufs::manyTypes);
    g.header();
    g.tensors();
    g.tokenizers();
    return g.seeds;
  }

  private void add(String name, Consumer<TinyGguf> change) {
    TinyGguf tiny = new TinyGguf();
    change.accept(tiny);
    seeds.put(name, tiny.bytes());
  }

  private void attack(String name, Consumer<TinyGguf> change) {
    add(FuzzSeeds.ATTACK + name, change);
  }

  private static void manyTypes(TinyGguf tiny) {
    int[] bytes = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    for (int type = 0; type < bytes.length; type++) {
      if (bytes[type] > 0) {
        tiny.keys.put("key." + type, typed(type, new byte[bytes[type]]));
        tiny.keys.put("array." + type, array(type, 2, new byte[2 * bytes[type]]));
      }
    }
    tiny.keys.put("gpt2.embedding_length", typed(10, little(8, 2)));
  }

  private void header() {
    attack("magic", t -> t.magic++);
    for (int version : new int[] {0, 1, 4, -1, 50331648}) {
      attack("version-" + version, t -> t.version = version);
    }
    for (long n : HUGE) {
      String of = "-" + Long.toUnsignedString(n);
      attack("tensor-count" + of, t -> t.tensorCount = n);
      attack("key-count" + of, t -> t.keyCount = n);
      attack("key-length" + of, t -> addKey(t, little(8, n)));
      attack("text-length" + of, t -> addKey(t, join(text("k"), typed(8, little(8, n)))));
      for (int type : new int[] {0, 5, 8, 12}) {
        attack("array-of-" + type + of, t -> t.keys.put("k", array(type, n)));
      }
    }
    attack("key-twice", t -> addKey(t, join(text("gpt2.block_count"), u32(1))));
    attack("array-of-arrays", t -> t.keys.put("k", array(9, 1, array(9, 1, array(4, 0)))));
    attack("type-unknown", t -> t.keys.put("k", typed(13, new byte[8])));
    attack("type-negative", t -> t.keys.put("k", typed(-1, new byte[8])));
    attack("array-of-unknown", t -> t.keys.put("k", array(99, 1, new byte[8])));
    attack("key-not-utf8", t -> addKey(t, join(little(8, 1), new byte[] {-1}, u32(1))));
    for (long n : new long[] {0, 1, 3, 1 << 30, 1L << 31, 0xFFFFFFFFL}) {
      add(
          (n == 1 ? "" : "attack-") + "alignment-" + n,
          t -> t.keys.put("general.alignment", u32(n)));
    }
    for (String key : new TinyGguf().keys.keySet()) {
      attack("no-" + key, t -> t.keys.remove(key));
      attack("text-" + key, t -> t.keys.put(key, string("\u001b[2J\n")));
      attack("array-" + key, t -> t.keys.put(key, ints(1)));
      attack("huge-" + key, t -> t.keys.put(key, u32(0x7FFFFFFF)));
    }
    for (float epsilon : new float[] {Float.NaN, Float.NEGATIVE_INFINITY, 1}) {
      String key = "gpt2.attention.layer_norm_epsilon";
      attack("epsilon-" + epsilon, t -> t.keys.put(key, f32(epsilon)));
    }
    attack(
        "keys-many",
        t -> {
          for (int i = 0; i < 65_600; i++) {
            t.keys.put("k" + i, typed(0, new byte[1]));
          }
        });
    add("texts-many", t -> t.keys.put("k", array(8, 100_000, new byte[800_000])));
    attack("only-a-header", t -> withoutData(t, 0));
  }

  /** Appends one key and counts it. */
  private static void addKey(TinyGguf tiny, byte[] key) {
    tiny.keyCount = tiny.keys.size() + 1L;
    tiny.moreKeys = key;
  }

  /** Keeps {@code tensors} tensors, without elements, and no data. */
  private static void withoutData(TinyGguf tiny, int tensors) {
    tiny.tensors.subList(tensors, tiny.tensors.size()).clear();
    tiny.tensors.forEach(t -> t.offset = 0);
    tiny.tensors.forEach(t -> t.dims = new long[] {0});
    tiny.data = new byte[0];
  }

  private void tensors() {
    for (long[] dims :
        new long[][] {
          {-1, 1},
          {1L << 32, 1L << 31},
          {1L << 61, 1},
          {1L << 60, 1},
          {1L << 62, 1L << 62, 0},
          {0, 1L << 62, 1L << 62},
          {0, 0},
          {0},
          {},
          {1, 1, 1, 1, 1},
          {2, 1L << 32}
        }) {
      attack("shape-" + Arrays.toString(dims), t -> t.tensor(EMBEDDING).dims = dims);
    }
    for (long offset : new long[] {0, 32, 96, 65, -1, -32, Long.MIN_VALUE, Long.MAX_VALUE - 31}) {
      attack("offset-" + offset, t -> t.tensor("position_embd.weight").offset = offset);
    }
    attack("overlap", t -> t.add("x", 2, 5).offset = 0);
    attack("last-inside-another", t -> t.add("x", 8).offset = t.tensors.getFirst().offset + 32);
    attack(
        "shape-2-64-and-nothing", // 2^64 elements: the product overflows to 0
        t -> t.add("x", 1L << 32, 1L << 32));
    attack("shape-negative-twice", t -> t.add("x", -1, -8));
    attack("last-beyond", t -> t.tensors.getLast().offset = Long.MAX_VALUE - 31);
    attack("cut", t -> t.data = Arrays.copyOf(t.data, t.data.length / 2));
    attack("no-data", t -> t.data = new byte[0]);
    for (int type : new int[] {2, 8, 28, -1}) {
      attack("type-" + type, t -> t.tensor(EMBEDDING).type = type);
    }
    attack(
        "tensor-twice",
        t -> {
          t.add(EMBEDDING, 2, 5);
          t.data = Arrays.copyOf(t.data, t.data.length + 64);
        });
    attack("tensor-empty", t -> withoutData(t, 1));
    attack(
        "tensor-empty-unpadded",
        t -> {
          withoutData(t, 1);
          t.keys.put("general.alignment", u32(1 << 30));
        });
    add(
        "valid-tensors-empty",
        t -> {
          for (int i = 0; i < 50_000; i++) {
            Entry e = t.add("t" + i, 0);
            e.offset = t.tensors.getFirst().offset;
          }
        });
  }

  private void tokenizers() {
    attack("characters", t -> t.keys.put("gpt.characters", strings("a", "bc")));
    add("characters-surrogate", t -> t.keys.put("gpt.characters", strings()));
    for (String key : new String[] {"tokens", "merges", "token_type"}) {
      String full = "tokenizer.ggml." + key;
      attack(key + "-as-text", t -> with(t, full, string("a")));
      attack(key + "-huge", t -> with(t, full, array(8, 1L << 60)));
      attack(key + "-of-floats", t -> with(t, full, array(6, 2, new byte[8])));
    }
    attack("tokens-more", t -> with(t, "tokenizer.ggml.tokens", strings("a", "b", "", "", "", "")));
    attack("kinds-fewer", t -> with(t, "tokenizer.ggml.token_type", ints(1)));
    attack("kinds-unknown", t -> with(t, "tokenizer.ggml.token_type", ints(1, 2, 6, 0, -1)));
    attack("end-beyond", t -> with(t, "tokenizer.ggml.eos_token_id", u32(5)));
    add("tokens-empty", t -> with(t, "tokenizer.ggml.tokens", strings("", "", "", "", "")));
    add("tokens-none", t -> with(t, "tokenizer.ggml.tokens", strings()));
    add("merges-odd", t -> with(t, "tokenizer.ggml.merges", strings("", " ", "  ", "a", "a b c")));
    add("merges-same", t -> with(t, "tokenizer.ggml.merges", strings("a b", "a b", "ab b")));
    String a = "a".repeat(1 << 16);
    add(
        "tokens-huge",
        t -> {
          with(t, "tokenizer.ggml.tokens", strings("a", a, a + a, "b", "c"));
          t.keys.put("tokenizer.ggml.token_type", ints(1, 1, 1, 1, 1));
          t.keys.put("tokenizer.ggml.merges", strings(a + " " + a));
        });
    add(
        "literals-alike",
        t -> {
          with(t, "tokenizer.ggml.tokens", strings(a + "b", a + "c", a + "d", a + "e", "a"));
          t.keys.put("tokenizer.ggml.token_type", ints(3, 3, 3, 3, 1));
          t.keys.put("tokenizer.ggml.merges", strings());
        });
    add(
        "merges-huge",
        t -> {
          String[] all = Collections.nCopies(16, a + " " + a).toArray(String[]::new);
          with(t, "tokenizer.ggml.merges", strings(all));
        });
    add("merges-many", t -> with(t, "tokenizer.ggml.merges", array(8, 50_000, new byte[400_000])));
  }

  private static void with(TinyGguf tiny, String key, byte[] value) {
    tiny.addTokenizer();
    tiny.keys.put(key, value);
  }
}
