package gpt.checkpoint;

import gpt.checkpoint.CheckpointWriter.Progress;
import gpt.model.DType;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.model.Tensor;
import gpt.model.Weights;
import gpt.tokenizer.BytePairs;
import gpt.tokenizer.TextRules;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** Writes a GGUF file, version 3, as llama.cpp reads a GPT-2. */
final class GgufWriter {
  /** llama.cpp's number of what most of a file's tensors are. */
  private static final int Q8_0_FILE = 7;

  private static final int BF16_FILE = 32;

  /** Bytes in the file's order. */
  private static final class Bytes {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    Bytes i32(int value) {
      return put(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value));
    }

    Bytes i64(long value) {
      return put(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value));
    }

    Bytes text(String value) {
      byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
      i64(bytes.length).out.writeBytes(bytes);
      return this;
    }

    private Bytes put(ByteBuffer value) {
      out.writeBytes(value.array());
      return this;
    }
  }

  private final Bytes keys = new Bytes();
  private int keyCount;
  private final List<OutTensor> tensors;
  private final ByteBuffer header;

  /**
   * A model's file; nothing is written yet.
   *
   * @param pairs the tokenizer of a model that has one and no characters
   * @param endIds what ends a text, if the model itself says it
   * @param dtype the type of the matrices, or null: each keeps its own
   */
  GgufWriter(
      GptConfig config,
      Weights weights,
      Optional<List<String>> characters,
      Optional<BytePairs> pairs,
      List<Integer> endIds,
      DType dtype) {
    tensors = tensors(config, weights, dtype);
    shape(config, tensors.getFirst().dtype());
    if (characters.isPresent() || pairs.isEmpty()) {
      key(GgufVocabulary.MODEL, GgufVocabulary.NONE);
      characters.ifPresent(c -> texts(GgufVocabulary.CHARACTERS, c));
    } else {
      vocabulary(pairs.get().padded(config.vocabSize()));
    }
    OptionalInt end = endIds.stream().mapToInt(id -> id).findFirst();
    if (end.isEmpty() && characters.isEmpty() && pairs.isPresent()) {
      end = pairs.get().end();
    }
    end.ifPresent(id -> key(GgufVocabulary.END, id));
    if (endIds.size() > 1) {
      Bytes ids = array(GgufVocabulary.ENDS, GgufMetadata.INT32, endIds.size());
      endIds.forEach(ids::i32);
    }
    header = header();
  }

  /**
   * All tensors as llama.cpp has them: vectors and position embeddings in float32, and half
   * precision for rows that are no blocks. It wants biases, so a model without them gets zeros.
   */
  private static List<OutTensor> tensors(GptConfig config, Weights weights, DType dtype) {
    List<OutTensor> out = new ArrayList<>();
    WeightList.of(weights)
        .forEach(
            (key, tensor) -> {
              out.add(OutTensor.of(GgufNames.of(key), tensor, type(key, tensor, dtype)));
              if (!config.bias() && key.matches("h\\..*|ln_f.*")) {
                out.add(zeros(GgufNames.of(key.replaceFirst("weight$", "bias")), tensor));
              }
            });
    return out;
  }

  private static DType type(String key, Tensor tensor, DType wanted) {
    if (tensor.rank() == 1 || key.equals("wpe.weight")) {
      return DType.F32;
    }
    DType dtype = wanted == null ? tensor.dtype() : wanted;
    return tensor.columns() % dtype.block() == 0 ? dtype : DType.F16;
  }

  private static OutTensor zeros(String key, Tensor weight) {
    int n = weight.rank() == 1 ? weight.columns() : weight.rows();
    return new OutTensor(
        key, 1, 1, n, DType.F32, (first, count, values) -> Arrays.fill(values, 0), null);
  }

  private void shape(GptConfig config, DType dtype) {
    key(GgufReader.ARCHITECTURE_KEY, GgufReader.ARCHITECTURE);
    key("general.type", "model");
    key(
        "general.file_type",
        switch (dtype) {
          case F32 -> 0;
          case F16 -> 1;
          case Q8_0 -> Q8_0_FILE;
          case BF16 -> BF16_FILE;
        });
    key("general.quantization_version", 2);
    key(GgufReader.BLOCKS, config.nLayer());
    key(GgufReader.CONTEXT, config.blockSize());
    key(GgufReader.EMBEDDING, config.nEmbd());
    key(GgufReader.INNER, config.nInner());
    key(GgufReader.HEADS, config.nHead());
    type(GgufReader.EPSILON, GgufMetadata.FLOAT32)
        .i32(Float.floatToRawIntBits((float) config.layerNormEpsilon()));
    key("gpt2.vocab_size", config.vocabSize());
    if (config.gelu() == Gelu.EXACT) {
      key(GgufReader.GELU, GgufReader.EXACT);
    }
    if (!config.bias()) {
      type(GgufReader.BIAS, GgufMetadata.BOOL).out.write(0);
    }
  }

  private void vocabulary(BytePairs pairs) {
    key(GgufVocabulary.MODEL, GgufVocabulary.BYTE_PAIRS);
    key(GgufVocabulary.SPLITTING, GgufVocabulary.GPT2_SPLITTING);
    texts(GgufVocabulary.TOKENS, pairs.tokens());
    Bytes kinds = array(GgufVocabulary.KINDS, GgufMetadata.INT32, pairs.kinds().size());
    pairs.kinds().forEach(kind -> kinds.i32(kind.number()));
    texts(GgufVocabulary.MERGES, pairs.merges());
    pairs.begin().ifPresent(id -> key(GgufVocabulary.BEGIN, id));
    if (!pairs.rules().equals(TextRules.GPT2)) {
      key(GgufVocabulary.RULES, TokenRules.toText(pairs.rules()));
    }
  }

  private Bytes type(String key, int type) {
    keyCount++;
    return keys.text(key).i32(type);
  }

  private void key(String key, int value) {
    type(key, GgufMetadata.UINT32).i32(value);
  }

  private void key(String key, String value) {
    type(key, GgufMetadata.STRING).text(value);
  }

  private Bytes array(String key, int elements, long count) {
    return type(key, GgufMetadata.ARRAY).i32(elements).i64(count);
  }

  private void texts(String key, List<String> values) {
    Bytes texts = array(key, GgufMetadata.STRING, values.size());
    values.forEach(texts::text);
  }

  private ByteBuffer header() {
    Bytes all = new Bytes();
    all.i32(GgufFile.MAGIC).i32(GgufFile.VERSION).i64(tensors.size()).i64(keyCount);
    all.out.writeBytes(keys.out.toByteArray());
    long offset = 0;
    for (OutTensor t : tensors) {
      all.text(t.key()).i32(t.rank()).i64(t.columns());
      if (t.rank() == 2) {
        all.i64(t.rows());
      }
      all.i32(GgufFile.type(t.dtype())).i64(offset);
      offset += padded(t.bytes());
    }
    return ByteBuffer.wrap(Arrays.copyOf(all.out.toByteArray(), (int) padded(all.out.size())));
  }

  private static long padded(long bytes) {
    return GgufFile.aligned(bytes, GgufFile.ALIGNMENT);
  }

  /** Bytes of the whole file. */
  long size() {
    return header.remaining() + tensors.stream().mapToLong(t -> padded(t.bytes())).sum();
  }

  void write(WritableByteChannel out, Progress progress) throws IOException {
    try (TensorWriter writer = new TensorWriter(out, progress, size())) {
      writer.write(header.duplicate());
      for (OutTensor t : tensors) {
        writer.write(t);
        writer.zeros((int) (padded(t.bytes()) - t.bytes()));
      }
    }
  }
}
