package gpt.fuzz;

import com.google.gson.JsonObject;
import gpt.checkpoint.gguf.TinyGguf;
import gpt.checkpoint.huggingface.TinyHuggingFace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/**
 * Seed files for the fuzzer and the tests: valid and malicious files for each reader, written by
 * hand. A name begins with {@link #VALID} if the file must be accepted, with {@link #ATTACK} if it
 * must be refused, or with neither. {@link #corpus} adds the files that the fuzzer found: a
 * minimized corpus, in which each file reaches some code that no other one does.
 */
public final class FuzzSeeds {
  static final String VALID = "valid-";
  static final String ATTACK = "attack-";

  /** A valid vocab.json and merges.txt of five tokens. */
  static final String TOKENS = "{\"a\":0,\"b\":1,\"ab\":2,\"\u0120\":3,\"<|endoftext|>\":4}";

  static final String MERGES = "#version: 0.2\na b\n";

  /** A valid tokenizer.json of five tokens. */
  public static final String TOKENIZER =
      """
      {"added_tokens":[{"id":4,"content":"<s>","special":true,"lstrip":false}],"normalizer":null,
      "pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"use_regex":true},
      "decoder":{"type":"ByteLevel"},"post_processor":null,
      "model":{"type":"BPE","unk_token":null,"vocab":{"a":0,"b":1,"ab":2,"Ġ":3},
      "merges":[["a","b"]]}}
      """;

  private static final Path CORPUS = Path.of("src/test/resources/gpt/fuzz");

  /** The fuzzer's -max_len; longer seeds are only for the tests. */
  private static final int MAX_BYTES = 4096;

  private final Map<String, byte[]> seeds = new LinkedHashMap<>();
  private final Path scratch;

  private FuzzSeeds(Path scratch) {
    this.scratch = scratch;
  }

  /**
   * A reader's seeds by name.
   *
   * @param scratch a folder for temporary files
   */
  static Map<String, byte[]> of(FuzzReader reader, Path scratch) {
    FuzzSeeds s = new FuzzSeeds(scratch);
    try {
      switch (reader) {
        case SAFETENSORS -> s.safetensors();
        case INDEX -> s.index();
        case CONFIG -> s.config();
        case CHARACTERS -> s.characters();
        case VOCABULARY -> s.vocabulary();
        case TOKENIZER -> s.tokenizer();
        case SPECIALS -> s.specials();
        case CKPT -> s.seeds.putAll(FuzzPickles.checkpoints(scratch));
        case META -> s.seeds.putAll(FuzzPickles.metas());
        case GGUF -> s.seeds.putAll(FuzzGgufs.all());
        case IDS -> s.ids();
        case REQUEST -> s.seeds.putAll(FuzzRequests.all());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return s.seeds;
  }

  /** The fuzzer's files for a reader: its corpus.zip, and single files that once failed. */
  static Map<String, byte[]> corpus(FuzzReader reader) throws IOException {
    Map<String, byte[]> corpus = new LinkedHashMap<>();
    Path folder = CORPUS.resolve(reader.argument());
    if (!Files.exists(folder)) {
      return corpus; // none found yet
    }
    List<Path> files;
    try (Stream<Path> all = Files.list(folder)) {
      files = all.sorted().toList();
    }
    for (Path file : files) {
      if (!file.endsWith("corpus.zip")) {
        corpus.put(file.getFileName().toString(), Files.readAllBytes(file));
        continue;
      }
      try (ZipInputStream zip = new ZipInputStream(Files.newInputStream(file))) {
        for (ZipEntry e; (e = zip.getNextEntry()) != null; ) {
          corpus.put(e.getName(), zip.readAllBytes());
        }
      }
    }
    return corpus;
  }

  /** Writes a reader's seeds and its corpus into a folder; arguments: READER FOLDER. */
  public static void main(String[] args) throws IOException {
    FuzzReader reader = FuzzReader.valueOf(args[0].toUpperCase(Locale.ROOT));
    Path folder = Files.createDirectories(Path.of(args[1]));
    Map<String, byte[]> all = of(reader, Files.createTempDirectory("seeds"));
    all.putAll(corpus(reader));
    for (Map.Entry<String, byte[]> seed : all.entrySet()) {
      if (seed.getValue().length <= MAX_BYTES) {
        Files.write(folder.resolve(seed.getKey()), seed.getValue());
      }
    }
  }

  private void add(String name, String text) {
    seeds.put(name, text.getBytes(StandardCharsets.UTF_8));
  }

  private void attack(String name, String text) {
    add(ATTACK + name, text);
  }

  private TinyHuggingFace tiny() {
    return new TinyHuggingFace(scratch);
  }

  private void safetensors() throws IOException {
    TinyHuggingFace tiny = tiny();
    byte[] good = Files.readAllBytes(tiny.file("model.safetensors"));
    seeds.put("valid-file", good);
    String header = tiny.header.toString();
    String rest = header.substring(1);
    add("valid-header", header);
    for (long length : new long[] {0, 1, -1, 1L << 63, 1L << 62, 100_000_000, good.length - 7L}) {
      byte[] bad = good.clone();
      System.arraycopy(TinyGguf.little(8, length), 0, bad, 0, 8);
      seeds.put("attack-header-of-" + Long.toUnsignedString(length), bad);
    }
    tensor(header, "overlap", "[10]", 0, 40);
    tensor(header, "inside", "[1]", 8, 12);
    tensor(header, "nothing-beyond", "[0]", 380, 380);
    tiny.data = Arrays.copyOf(tiny.data, tiny.data.length + 8);
    tiny.write("{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[380,384]}," + rest);
    seeds.put("attack-gap", Files.readAllBytes(tiny.file("model.safetensors")));
    tensor(header, "backwards", "[0]", 40, 0);
    tensor(header, "beyond", "[1]", 376, 380);
    tensor(header, "huge-end", "[1]", 0, Long.MAX_VALUE);
    tensor(header, "huge-offsets", "[0]", Long.MAX_VALUE, Long.MAX_VALUE);
    tensor(header, "shape-2-64", "[4294967296,4294967296]", 376, 376);
    tensor(header, "shape-2-62", "[4611686018427387904]", 376, 376);
    tensor(header, "shape-2-64-and-0", "[4294967296,4294967296,0]", 376, 376);
    tensor(header, "shape-negative", "[-1,-1]", 376, 380);
    tensor(header, "shape-of-a-half", "[0.5]", 376, 376);
    tensor(header, "shape-1e400", "[1e400]", 376, 376);
    tensor(header, "shape-of-texts", "[\"1\"]", 376, 380);
    String many = "{\"dtype\":\"F32\",\"shape\":[%s0],\"data_offsets\":[0,0]},";
    add("valid-shape-of-many", "{\"x\":" + many.formatted("0,".repeat(200_000)) + rest);
    attack("tensor-twice", header.replaceFirst("\\}\\s*$", "," + rest));
    String twice = "{\"x\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[0],";
    attack("key-twice", twice + "\"data_offsets\":[376,376]}," + rest);
    attack("metadata-twice", "{\"__metadata__\":{},\"__metadata__\":{}}");
    attack("metadata-deep", "{\"__metadata__\":" + "[".repeat(1000) + "]".repeat(1000) + "}");
    attack("metadata-deeper", "{\"__metadata__\":" + "[".repeat(100_000));
    attack("objects-deeper", "{\"a\":".repeat(100_000));
    attack("something-follows", header + "{}");
    attack("name-of-a-megabyte", "{\"" + "n".repeat(1 << 20) + "\":{\"dtype\":1}}");
    attack("name-with-escapes", "{\"a\\n\\u001b[2J\\u202eb\":{\"dtype\":\"F32\"}}");
    attack("number-of-a-megabyte", "{\"a\":{\"shape\":[" + "1".repeat(1 << 20) + "]}}");
    attack("lone-surrogate", "{\"\\ud800\":{\"dtype\":\"F32\"}}");
    add("valid-metadata", header.replace("\"pt\"", "[1,{\"more\":null}]"));
  }

  private void tensor(String header, String name, String shape, long begin, long end) {
    String entry = "{\"dtype\":\"F32\",\"shape\":%s,\"data_offsets\":[%d,%d]},";
    attack(name, "{\"x\":" + entry.formatted(shape, begin, end) + header.substring(1));
  }

  private void index() throws IOException {
    JsonObject map = tiny().shard();
    JsonObject root = new JsonObject();
    root.add("weight_map", map);
    String good = root.toString();
    add("valid-index", good);
    String first = "model-00001-of-00002.safetensors";
    for (String[] path :
        new String[][] {
          {"parent", "../../etc/passwd"},
          {"parent-with-the-ending", "../outside.safetensors"},
          {"absolute", "/etc/passwd"},
          {"absolute-with-the-ending", "/tmp/outside.safetensors"},
          {"parent-by-backslash", "..\\\\outside.safetensors"},
          {"drive", "C:outside.safetensors"},
          {"stream", "model.safetensors:x"},
          {"here", "./" + first},
          {"round-about", "x/../" + first},
          {"nul", "a\\u0000.safetensors"},
          {"nul-cuts", "/etc/passwd\\u0000.safetensors"},
          {"line-end", "a\\n.safetensors"},
          {"surrogate", "\\ud800.safetensors"},
          {"dots", "...safetensors"},
          {"url", "file:///etc/passwd.safetensors"},
          {"empty", ""},
          {"folder", "."},
          {"long", "a".repeat(300) + ".safetensors"},
          {"longer", "a".repeat(300_000) + ".safetensors"},
          {"itself", "model.safetensors.index.json"},
          {"other", "model-00003-of-00002.safetensors"},
        }) {
      attack("path-" + path[0], good.replace(first, path[1]));
    }
    attack("shard-swapped", good.replace("-00001-", "-00002-"));
    attack("shard-is-a-number", good.replace("\"" + first + "\"", "1"));
    attack("shard-is-a-list", good.replace("\"" + first + "\"", "[\"" + first + "\"]"));
    attack("shard-is-null", good.replace("\"" + first + "\"", "null"));
    attack("map-is-a-list", "{\"weight_map\":[]}");
    attack("map-is-empty", "{\"weight_map\":{}}");
    attack("map-is-missing", "{}");
    json(good);
  }

  /** Invalid JSON. */
  private void json(String good) {
    attack("empty", "");
    attack("deep", "[".repeat(1000) + "]".repeat(1000));
    attack("deeper", "[".repeat(100_000) + "]".repeat(100_000));
    attack("objects-deeper", "{\"a\":".repeat(100_000));
    attack("something-follows", good + " 1");
    attack("comment", "/* */" + good);
    seeds.put("attack-not-utf8", new byte[] {'"', (byte) 0xC3, '"'});
    add("valid-byte-order-mark", "\ufeff" + good);
    attack("cut-off", good.substring(0, good.length() - 2));
    attack("number-of-a-megabyte", "1".repeat(1 << 20));
    attack("text-of-a-megabyte", "\"" + "a".repeat(1 << 20) + "\"");
  }

  private void config() throws IOException {
    String good = Files.readString(tiny().file("config.json"));
    add("valid-config", good);
    add("valid-minimal", "{\"n_layer\":1,\"n_head\":1,\"n_embd\":2,\"n_ctx\":3,\"vocab_size\":5}");
    for (String key :
        new String[] {"n_layer", "n_head", "n_embd", "n_inner", "n_positions", "vocab_size"}) {
      for (String value :
          new String[] {
            "2147483647",
            "2147483648",
            "-2147483648",
            "0",
            "-1",
            "1e400",
            "1e9",
            "1.5",
            "-0.0",
            "9223372036854775808",
            "\"1\"",
            "[]",
            "{}",
            "true"
          }) {
        attack(key + "-" + value.replaceAll("\\W", "_"), with(good, key, value));
      }
    }
    for (String value : new String[] {"NaN", "-1", "1", "1e400", "\"x\"", "[[[]]]"}) {
      attack("epsilon-" + value.replaceAll("\\W", "_"), with(good, "layer_norm_epsilon", value));
    }
    add("valid-key-twice", "{\"n_embd\":4," + good.strip().substring(1));
    attack("type", with(good, "model_type", "\"\\u001b[2J\\nllama\""));
    attack("type-of-a-megabyte", with(good, "model_type", "\"" + "a".repeat(1 << 20) + "\""));
    attack("activation", with(good, "activation_function", "[\"gelu\"]"));
    attack("layers-deep", with(good, "n_layer", "[".repeat(50_000) + "]".repeat(50_000)));
    attack("list", "[" + good + "]");
    json(good);
  }

  private static String with(String json, String key, String value) {
    String out =
        json.replaceFirst("\"" + key + "\": [^,\\n]*", "@@").replace("@@", pair(key, value));
    if (out.equals(json)) {
      throw new IllegalArgumentException("no " + key);
    }
    return out;
  }

  private static String pair(String key, String value) {
    return "\"" + key + "\": " + value;
  }

  private void characters() {
    String good = "[\"a\",\"b\",\"\\n\",\"\\ud83d\\ude00\",\"\u00e9\"]";
    add("valid-characters", good);
    attack("fewer", "[\"a\"]");
    add("none", "[]");
    add("surrogate", "[\"\\ud800\"]");
    attack("more", "[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\"]");
    attack("many", "[" + "\"\",".repeat(100_000) + "\"a\"]");
    attack("twice", "[\"a\",\"a\"]");
    attack("two-in-one", "[\"ab\"]");
    attack("empty-text", "[\"\"]");
    attack("numbers", "[1,2]");
    attack("nulls", "[null]");
    attack("object", "{\"a\":0}");
    attack("lists", "[[\"a\"]]");
    attack("text", "\"abc\"");
    json(good);
  }

  private void vocabulary() {
    add("valid-tokens", TOKENS);
    add("valid-merges", MERGES);
    add("valid-fewer", "{\"a\":4}");
    add("valid-none", "{}");
    add("valid-no-merges", "");
    add("valid-many-lines", "\n".repeat(100_000));
    add("merges-many", "a b\n".repeat(100_000));
    add("merges-of-no-tokens", "a c\n \n\na b c\n\u2028\r");
    add("merge-of-zeros", "\0".repeat(100_000));
    add("valid-merge-of-a-megabyte", "a ".repeat(1 << 19));
    for (String id :
        new String[] {"5", "-1", "1e9", "2147483648", "999999999", "0.5", "\"\"", "null", "[]"}) {
      attack("id-" + id.replaceAll("\\W", "_"), "{\"a\":" + id + "}");
    }
    attack("id-twice", "{\"a\":0,\"b\":0}");
    attack("ids-many", "{\"a\":" + "1".repeat(100_000) + "}");
    attack("deep", "{\"a\":" + "[".repeat(1000) + "]".repeat(1000) + "}");
    attack("objects-deeper", "{\"a\":".repeat(100_000));
    attack("something-follows", TOKENS + "{}");
    attack("escapes", "{\"\\u001b[2J\\n\":9}");
    attack("token-of-a-megabyte", "{\"" + "a".repeat(1 << 20) + "\":9}");
    seeds.put("attack-not-utf8", new byte[] {'a', ' ', (byte) 0xC3, '\n'});
  }

  private void tokenizer() {
    add("valid-tokenizer", TOKENIZER);
    add("valid-merges-as-texts", TOKENIZER.replace("[\"a\",\"b\"]", "\"a b\""));
    add(
        "valid-normalizer",
        TOKENIZER.replace("\"normalizer\":null", normalizer("{\"type\":\"NFKC\"}")));
    String nested = "{\"type\":\"Sequence\",\"normalizers\":[";
    attack(
        "normalizers-deep",
        TOKENIZER.replace(
            "\"normalizer\":null", normalizer(nested.repeat(100) + "]}".repeat(100))));
    String many = "{\"type\":\"NFC\"},".repeat(100_000) + "{\"type\":\"NFC\"}";
    attack(
        "normalizers-many",
        TOKENIZER.replace("\"normalizer\":null", normalizer(nested + many + "]}")));
    add("merges-many", TOKENIZER.replace("[\"a\",\"b\"]", "\"a b\",".repeat(100_000) + "\"a b\""));
    attack("merges-empty-lists", TOKENIZER.replace("[\"a\",\"b\"]", "[],".repeat(100_000) + "[]"));
    add(
        "merge-of-a-megabyte",
        TOKENIZER.replace("[\"a\",\"b\"]", "\"" + "a ".repeat(1 << 19) + "\""));
    for (String id : new String[] {"5", "-1", "1e9", "2147483648", "0.5", "\"\"", "null", "[]"}) {
      attack("id-" + id.replaceAll("\\W", "_"), TOKENIZER.replace("\"id\":4", "\"id\":" + id));
      attack("token-" + id.replaceAll("\\W", "_"), TOKENIZER.replace("\"b\":1", "\"b\":" + id));
    }
    attack("id-twice", TOKENIZER.replace("\"id\":4", "\"id\":0"));
    attack("flag", TOKENIZER.replace("\"lstrip\":false", "\"lstrip\":0"));
    attack("type", TOKENIZER.replace("\"BPE\"", "\"\\u001b[2J\\n\""));
    attack("type-of-a-megabyte", TOKENIZER.replace("BPE", "a".repeat(1 << 20)));
    attack("unknown", TOKENIZER.replace("\"unk_token\":null", "\"unk_token\":[\"a\"]"));
    json(TOKENIZER.strip());
  }

  private static String normalizer(String json) {
    return "\"normalizer\":" + json;
  }

  private void specials() {
    String good =
        "{\"bos_token\":\"a\",\"add_prefix_space\":true,\"pad_token\":{\"content\":\"b\"}}";
    add("valid-config", good);
    add("valid-new", "{\"pad_token\":\"[PAD]\",\"eos_token\":3,\"x_token\":[[]]}");
    add("valid-many", "{\"additional_special_tokens\":[" + "\"x\",".repeat(100_000) + "\"y\"]}");
    add(
        "valid-decoder",
        "{\"added_tokens_decoder\":{\"4\":{\"content\":\"<s>\",\"rstrip\":true}}}");
    attack("decoder-id", "{\"added_tokens_decoder\":{\"5\":{\"content\":\"x\"}}}");
    attack("decoder-twice", "{\"added_tokens_decoder\":{\"0\":{\"content\":\"x\"}}}");
    attack("decoder-text", "{\"added_tokens_decoder\":{\"4\":1}}");
    attack("decoder-list", "{\"added_tokens_decoder\":[]}");
    attack("flag", "{\"add_prefix_space\":\"yes\"}");
    add("valid-end", "{\"eos_token_id\":[1,99999999999,-1]}");
    add("valid-ends-many", "{\"eos_token_id\":[" + "1,".repeat(100_000) + "1]}");
    attack("end", "{\"eos_token_id\":{\"a\":[]}}");
    attack("end-of-a-half", "{\"eos_token_id\":[0.5]}");
    add("end-1e400", "{\"eos_token_id\":[1e400]}");
    json(good);
  }

  private void ids() {
    add("valid-text", "5 17,3\n\t64\r\n0, 1 ");
    add("valid-empty", "");
    add("valid-zeros", "0".repeat(10_000));
    add("valid-many", "1,".repeat(10_000) + "1");
    attack("no-id", "0,,1");
    attack("vocabulary", "65");
    attack("huge", "9".repeat(100_000));
    attack("beyond-an-int", "4294967296 18446744073709551616");
    attack("negative", "-1");
    attack("line", "1\n2\n\u001b[2J\u0085x");
    seeds.put("valid-bin", new byte[] {0, 64, 0, 0, 0});
    seeds.put("attack-bin", new byte[] {0, -1, -1});
    seeds.put("attack-bin-odd", new byte[] {0, 1});
  }
}
