package gpt.checkpoint.gguf;

import gpt.checkpoint.format.OutTensor;
import gpt.checkpoint.format.TensorWriter;
import gpt.checkpoint.vocabulary.TokenizerRulesJson;
import gpt.model.DType;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.model.Tensor;
import gpt.model.Weights;
import gpt.tokenizer.BpeVocabulary;
import gpt.tokenizer.TokenizerRules;
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
import java.util.function.LongConsumer;

/** Writes a GGUF file, version 3, in the layout that llama.cpp expects of a GPT-2. */
public final class GgufWriter {
  /** llama.cpp's file types, {@code LLAMA_FTYPE_MOSTLY_*}: the type of most tensors of a file. */
  private static final int MOSTLY_Q8_0 = 7;

  private static final int MOSTLY_BF16 = 32;

  /** A growing buffer of little-endian values. */
  private static final class Bytes {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    Bytes i32(int value) {
      return put(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value));
    }

    Bytes i64(long value) {
      return put(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value));
    }

    Bytes string(String value) {
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
   * Prepares the header; nothing is written yet.
   *
   * @param bpe the BPE vocabulary of a model without characters
   * @param endIds the model's EOS ids
   * @param dtype the type of the matrices, or null to keep each matrix's own
   */
  public GgufWriter(
      GptConfig config,
      Weights weights,
      Optional<List<String>> characters,
      Optional<BpeVocabulary> bpe,
      List<Integer> endIds,
      DType dtype) {
    tensors = tensors(config, weights, dtype);
    putConfig(config, tensors.getFirst().dtype());
    if (characters.isPresent() || bpe.isEmpty()) {
      key(GgufVocabulary.MODEL, GgufVocabulary.NONE);
      characters.ifPresent(c -> strings(GgufVocabulary.CHARACTERS, c));
    } else {
      putVocabulary(bpe.get().padded(config.vocabSize()));
    }
    OptionalInt end = endIds.stream().mapToInt(id -> id).findFirst();
    if (end.isEmpty() && characters.isEmpty() && bpe.isPresent()) {
      end = bpe.get().eosId();
    }
    end.ifPresent(id -> key(GgufVocabulary.EOS_ID, id));
    if (endIds.size() > 1) {
      Bytes ids = array(GgufVocabulary.EOS_IDS, GgufMetadata.INT32, endIds.size());
      endIds.forEach(ids::i32);
    }
    header = header();
  }

  /** The tensors under llama.cpp's names. It requires biases: a model without them gets zeros. */
  private static List<OutTensor> tensors(GptConfig config, Weights weights, DType dtype) {
    List<OutTensor> out = new ArrayList<>();
    weights
        .byKey()
        .forEach(
            (key, tensor) -> {
              out.add(OutTensor.of(GgufNames.of(key), tensor, outputType(key, tensor, dtype)));
              if (!config.bias() && key.matches("h\\..*|ln_f.*")) {
                out.add(zeros(GgufNames.of(key.replaceFirst("weight$", "bias")), tensor));
              }
            });
    return out;
  }

  /**
   * float32 for vectors and position embeddings; float16 for a matrix whose rows are no multiple of
   * the type's block.
   */
  private static DType outputType(String key, Tensor tensor, DType wanted) {
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

  private void putConfig(GptConfig config, DType dtype) {
    key(GgufReader.ARCHITECTURE_KEY, GgufReader.ARCHITECTURE);
    key("general.type", "model");
    key(
        "general.file_type",
        switch (dtype) {
          case F32 -> 0;
          case F16 -> 1;
          case Q8_0 -> MOSTLY_Q8_0;
          case BF16 -> MOSTLY_BF16;
          case Q4_0 -> 2;
          case Q4_1 -> 3;
          case Q5_0 -> 8;
          case Q5_1 -> 9;
          case Q2_K -> 10;
          case Q3_K -> 12; // with a mixture of types for some tensors, as for the next two
          case Q4_K -> 15;
          case Q5_K -> 17;
          case Q6_K -> 18;
        });
    key("general.quantization_version", 2);
    key(GgufReader.BLOCKS, config.nLayer());
    key(GgufReader.CONTEXT, config.blockSize());
    key(GgufReader.EMBEDDING, config.nEmbd());
    key(GgufReader.FEED_FORWARD, config.nInner());
    key(GgufReader.HEADS, config.nHead());
    typed(GgufReader.EPSILON, GgufMetadata.FLOAT32)
        .i32(Float.floatToRawIntBits((float) config.layerNormEpsilon()));
    key("gpt2.vocab_size", config.vocabSize());
    if (config.gelu() == Gelu.EXACT) {
      key(GgufReader.GELU, GgufReader.EXACT);
    }
    if (!config.bias()) {
      typed(GgufReader.BIAS, GgufMetadata.BOOL).out.write(0);
    }
  }

  private void putVocabulary(BpeVocabulary bpe) {
    key(GgufVocabulary.MODEL, GgufVocabulary.GPT2);
    key(GgufVocabulary.PRE_TOKENIZER, GgufVocabulary.GPT2_PRE_TOKENIZER);
    strings(GgufVocabulary.TOKENS, bpe.tokens());
    Bytes kinds = array(GgufVocabulary.TOKEN_TYPES, GgufMetadata.INT32, bpe.kinds().size());
    bpe.kinds().forEach(kind -> kinds.i32(kind.ggufType()));
    strings(GgufVocabulary.MERGES, bpe.merges());
    bpe.bosId().ifPresent(id -> key(GgufVocabulary.BOS_ID, id));
    if (!bpe.rules().equals(TokenizerRules.GPT2)) {
      key(GgufVocabulary.RULES, TokenizerRulesJson.toJson(bpe.rules()));
    }
  }

  /** Adds a key and its value's type; the caller appends the value. */
  private Bytes typed(String key, int type) {
    keyCount++;
    return keys.string(key).i32(type);
  }

  private void key(String key, int value) {
    typed(key, GgufMetadata.UINT32).i32(value);
  }

  private void key(String key, String value) {
    typed(key, GgufMetadata.STRING).string(value);
  }

  private Bytes array(String key, int elements, long count) {
    return typed(key, GgufMetadata.ARRAY).i32(elements).i64(count);
  }

  private void strings(String key, List<String> values) {
    Bytes strings = array(key, GgufMetadata.STRING, values.size());
    values.forEach(strings::string);
  }

  private ByteBuffer header() {
    Bytes all = new Bytes();
    all.i32(GgufFile.MAGIC).i32(GgufFile.VERSION).i64(tensors.size()).i64(keyCount);
    all.out.writeBytes(keys.out.toByteArray());
    long offset = 0;
    for (OutTensor t : tensors) {
      all.string(t.key()).i32(t.rank()).i64(t.columns());
      if (t.rank() == 2) {
        all.i64(t.rows());
      }
      all.i32(GgufFile.typeNumber(t.dtype())).i64(offset);
      offset += padded(t.bytes());
    }
    return ByteBuffer.wrap(Arrays.copyOf(all.out.toByteArray(), (int) padded(all.out.size())));
  }

  private static long padded(long bytes) {
    return GgufFile.alignUp(bytes, GgufFile.ALIGNMENT);
  }

  /** The size of the file in bytes. */
  public long size() {
    return header.remaining() + tensors.stream().mapToLong(t -> padded(t.bytes())).sum();
  }

  /** Writes the file. */
  public void write(WritableByteChannel out, LongConsumer progress) throws IOException {
    try (TensorWriter writer = new TensorWriter(out, progress)) {
      writer.write(header.duplicate());
      for (OutTensor t : tensors) {
        writer.write(t);
        writer.zeros((int) (padded(t.bytes()) - t.bytes()));
      }
    }
  }
}
