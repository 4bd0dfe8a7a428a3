package gpt.fuzz;

import gpt.GptException;
import gpt.checkpoint.Checkpoint;
import gpt.checkpoint.huggingface.TinyHuggingFace;
import gpt.checkpoint.torch.TinyNanoGpt;
import gpt.explore.TokenIds;
import gpt.model.Tensor;
import gpt.server.api.ApiException;
import gpt.server.api.ApiLimits;
import gpt.server.api.ChatParser;
import gpt.server.api.CompletionParser;
import gpt.server.api.TokenizeBody;
import gpt.tokenizer.BpeVocabulary;
import gpt.tokenizer.Tokenizer;
import gpt.tokenizer.Tokenizers;
import gpt.tokenizer.UnencodableTextException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/**
 * A reader of untrusted files, with a valid model around the one file that the fuzzer changes. The
 * names in lower case are the arguments of scripts/fuzz.
 */
enum FuzzReader {
  /**
   * A safetensors file; data that begins with a brace is its header, to which tensor data is added.
   */
  SAFETENSORS {
    @Override
    void put(Path folder, byte[] data) throws IOException {
      byte[] file = data;
      if (data.length > 0 && data[0] == '{') {
        ByteBuffer framed = ByteBuffer.allocate(8 + data.length + TENSOR_BYTES);
        file = framed.order(ByteOrder.LITTLE_ENDIAN).putLong(data.length).put(data).array();
      }
      Files.write(folder.resolve("hf/model.safetensors"), file);
    }
  },

  /** The index of a model in two safetensors files. */
  INDEX {
    @Override
    void make(Path folder) throws IOException {
      new TinyHuggingFace(folder).shard();
      Files.copy(
          folder.resolve("hf/model-00001-of-00002.safetensors"),
          folder.resolve("outside.safetensors"));
    }

    @Override
    void put(Path folder, byte[] data) throws IOException {
      Files.write(folder.resolve("hf/model.safetensors.index.json"), data);
    }
  },

  /** config.json. */
  CONFIG {
    @Override
    void put(Path folder, byte[] data) throws IOException {
      Files.write(folder.resolve("hf/config.json"), data);
    }
  },

  /** characters.json. */
  CHARACTERS {
    @Override
    void put(Path folder, byte[] data) throws IOException {
      Files.write(folder.resolve("hf/characters.json"), data);
    }
  },

  /** vocab.json if it begins with a brace, else merges.txt. */
  VOCABULARY {
    @Override
    void make(Path folder) throws IOException {
      new TinyHuggingFace(folder);
      BpeVocabulary.gpt2(); // initialize it: its memory is not the file's
    }

    @Override
    void put(Path folder, byte[] data) throws IOException {
      boolean json = data.length > 0 && data[0] == '{';
      byte[] merges = json ? FuzzSeeds.MERGES.getBytes(StandardCharsets.UTF_8) : data;
      Files.write(folder.resolve("hf/merges.txt"), merges);
      byte[] tokens = json ? data : FuzzSeeds.TOKENS.getBytes(StandardCharsets.UTF_8);
      Files.write(folder.resolve("hf/vocab.json"), tokens);
    }
  },

  /** tokenizer.json. */
  TOKENIZER {
    @Override
    void make(Path folder) throws IOException {
      new TinyHuggingFace(folder);
      BpeVocabulary.gpt2(); // initialize it: its memory is not the file's
    }

    @Override
    void put(Path folder, byte[] data) throws IOException {
      Files.write(folder.resolve("hf/tokenizer.json"), data);
    }
  },

  /** generation_config.json if it contains eos_token_id, else tokenizer_config.json. */
  SPECIALS {
    @Override
    void make(Path folder) throws IOException {
      new TinyHuggingFace(folder);
      Files.writeString(folder.resolve("hf/tokenizer.json"), FuzzSeeds.TOKENIZER);
    }

    @Override
    void put(Path folder, byte[] data) throws IOException {
      boolean generation = new String(data, StandardCharsets.UTF_8).contains("eos_token_id");
      Files.deleteIfExists(folder.resolve("hf/generation_config.json"));
      Files.deleteIfExists(folder.resolve("hf/tokenizer_config.json"));
      String name = generation ? "hf/generation_config.json" : "hf/tokenizer_config.json";
      Files.write(folder.resolve(name), data);
    }
  },

  /** ckpt.pt; data that does not begin like a zip is the pickle in it. */
  CKPT {
    private final TinyNanoGpt tiny = new TinyNanoGpt();

    @Override
    void make(Path folder) {}

    @Override
    void put(Path folder, byte[] data) throws IOException {
      if (data.length > 1 && data[0] == 'P' && data[1] == 'K') {
        Files.write(folder.resolve("ckpt.pt"), data);
      } else {
        tiny.write(folder, data);
      }
    }

    @Override
    void read(Path folder, Memory memory) {
      open(folder.resolve("ckpt.pt"), memory);
    }
  },

  /** meta.pkl beside a ckpt.pt. */
  META {
    @Override
    void make(Path folder) throws IOException {
      new TinyNanoGpt().write(folder);
    }

    @Override
    void put(Path folder, byte[] data) throws IOException {
      Files.write(folder.resolve("meta.pkl"), data);
    }

    @Override
    void read(Path folder, Memory memory) {
      try (Checkpoint c = Checkpoint.open(folder)) {
        use(c, memory);
      }
    }
  },

  /** A GGUF file with its tokenizer. */
  GGUF {
    @Override
    void make(Path folder) {
      BpeVocabulary.gpt2(); // initialize it: its memory is not the file's
    }

    @Override
    void put(Path folder, byte[] data) throws IOException {
      Files.write(folder.resolve("model.gguf"), data);
    }

    @Override
    void read(Path folder, Memory memory) {
      open(folder.resolve("model.gguf"), memory);
    }
  },

  /** Ids as text or, after a zero byte, as nanoGPT's val.bin. */
  IDS {
    @Override
    void make(Path folder) {}

    @Override
    void put(Path folder, byte[] data) throws IOException {
      Files.write(folder.resolve("ids"), data);
    }

    @Override
    void read(Path folder, Memory memory) {
      Path file = folder.resolve("ids");
      byte[] data = bytes(file);
      boolean binary = data.length > 0 && data[0] == 0;
      int[] ids =
          binary
              ? TokenIds.ofBin(Arrays.copyOfRange(data, 1, data.length), file.toString(), VOCAB)
              : TokenIds.ofText(data, file.toString(), VOCAB);
      for (int id : ids) {
        if (id < 0 || id >= VOCAB) {
          throw new AssertionError("id " + id);
        }
      }
    }
  },

  /** The body of a request to the server, read as each kind of request. */
  REQUEST {
    @Override
    void make(Path folder) {}

    @Override
    void put(Path folder, byte[] data) throws IOException {
      Files.write(folder.resolve("body"), data);
    }

    @Override
    void read(Path folder, Memory memory) {
      Path file = folder.resolve("body");
      byte[] data = bytes(file);
      ApiException refused = null;
      for (Consumer<byte[]> parser : REQUESTS) {
        try {
          parser.accept(data);
          return;
        } catch (ApiException e) {
          refused = e;
        }
      }
      throw new GptException(file + ": " + refused.getMessage());
    }
  };

  private static byte[] bytes(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static final List<Consumer<byte[]>> REQUESTS =
      List.of(
          body -> CompletionParser.parse(body, ApiLimits.DEFAULT),
          body -> ChatParser.parse(body, ApiLimits.DEFAULT),
          TokenizeBody::tokenize,
          TokenizeBody::detokenize);

  /** The bytes of tensor data that are added to a bare header: those of the tiny model. */
  private static final int TENSOR_BYTES = 376;

  private static final int VOCAB = 65;
  private static final String TEXT = "ab b ababa <s>\n\n  Hello, it's 12\u00e9\u6587\ud83d\ude00 ";

  /** Measures the memory that a reader allocates. */
  interface Memory {
    /** Receives the bytes of all tensors except the output projection, which may be tied. */
    void weights(long bytes);

    /** Called when the file is read; later allocations are the caller's. */
    void done();
  }

  /** The name on the command line and of the corpus folder. */
  String argument() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Writes the valid model into an empty folder, by default into its subfolder {@code hf}. */
  void make(Path folder) throws IOException {
    new TinyHuggingFace(folder);
  }

  /** Writes the file under test. */
  abstract void put(Path folder, byte[] data) throws IOException;

  /** Reads the model and uses it as the program does. */
  void read(Path folder, Memory memory) {
    open(folder.resolve("hf"), memory);
  }

  private static void open(Path path, Memory memory) {
    try (Checkpoint c = Checkpoint.open(path)) {
      use(c, memory);
      Map<String, Tensor> byKey = c.weights().byKey();
      byKey.remove("lm_head.weight");
      Collection<Tensor> tensors = byKey.values();
      memory.weights(tensors.stream().mapToLong(t -> t.data().byteSize()).sum());
      tensors.forEach(Tensor::toArray);
      c.weights().lmHead().toArray();
    }
  }

  private static void use(Checkpoint c, Memory memory) {
    Tokenizer tokenizer = tokenizer(c);
    memory.done();
    if (tokenizer != null) {
      use(tokenizer);
    }
  }

  private static Tokenizer tokenizer(Checkpoint c) {
    try {
      return Tokenizers.forModel(c.characters(), c.bpeVocabulary(), c.config().vocabSize())
          .orElse(null);
    } catch (IllegalArgumentException e) { // documented; the program prints its message
      if (e.getMessage().lines().count() != 1) {
        throw new AssertionError("not one line: " + e.getMessage(), e);
      }
      return null;
    }
  }

  private static void use(Tokenizer tokenizer) {
    StringBuilder text = new StringBuilder(TEXT);
    for (int id = -1; id <= tokenizer.vocabSize(); id++) {
      text.append(new String(tokenizer.decode(id), StandardCharsets.UTF_8));
    }
    try {
      for (int id : tokenizer.encode(text.toString())) {
        tokenizer.decode(id);
      }
    } catch (UnencodableTextException e) {
      if (e.getMessage().lines().count() != 1) {
        throw new AssertionError("not one line: " + e.getMessage(), e);
      }
    }
  }
}
