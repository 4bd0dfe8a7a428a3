package gpt.cli.commands;

import com.google.gson.JsonObject;
import gpt.backend.cpu.CpuEngine;
import gpt.checkpoint.Checkpoint;
import gpt.cli.options.Choice;
import gpt.cli.output.Json;
import gpt.load.HostMemory;
import gpt.model.Bytes;
import gpt.model.DType;
import gpt.model.GptConfig;
import gpt.model.ParameterCounts;
import gpt.model.Precision;
import gpt.tokenizer.Tokenizer;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The description of a model that {@code gpt info} prints.
 *
 * @param dtypes types of the stored matrices, the one with most bytes first
 * @param weightBytes bytes of the weights on the CPU, in each precision
 * @param cacheBytes bytes of the KV cache of a full context on the CPU
 * @param workBytes bytes of activations for a prompt that fills the context
 */
record ModelInfo(
    String path,
    String format,
    List<String> dtypes,
    GptConfig config,
    Optional<Tokenizer> tokenizer,
    boolean tied,
    ParameterCounts counts,
    Map<Precision, Long> weightBytes,
    long cacheBytes,
    long workBytes) {

  static ModelInfo of(Checkpoint checkpoint, GptConfig config, Optional<Tokenizer> tokenizer) {
    ParameterCounts counts = ParameterCounts.of(checkpoint.weights());
    List<DType> quantized = checkpoint.weights().quantizedTypes();
    List<DType> types = quantized.isEmpty() ? List.of(checkpoint.dtype()) : quantized;
    long c = config.nEmbd();
    long t = config.blockSize();
    return new ModelInfo(
        checkpoint.path().toString(),
        checkpoint.format(),
        types.stream().map(Choice::word).toList(),
        config,
        tokenizer,
        checkpoint.weights().tied(),
        counts,
        Stream.of(Precision.values())
            .collect(Collectors.toMap(p -> p, p -> HostMemory.weights(checkpoint.weights(), p))),
        CpuEngine.cacheBytes(config),
        Float.BYTES * (t * (7 * c + config.nInner()) + config.vocabSize()));
  }

  /** Memory of the weights as stored, where that is not f32. */
  private String stored() {
    long bytes = weightBytes.get(Precision.STORED);
    return bytes == weightBytes.get(Precision.F32) ? "" : ", stored " + Bytes.text(bytes);
  }

  String toText() {
    StringBuilder text = new StringBuilder();
    line(text, "model", path);
    line(text, "format", format);
    line(
        text,
        "shape",
        "n_layer %d, n_head %d, n_embd %d, n_inner %d, vocab_size %d, %s"
            .formatted(
                config.nLayer(),
                config.nHead(),
                config.nEmbd(),
                config.nInner(),
                config.vocabSize(),
                config.bias() ? "bias" : "no bias"));
    line(text, "context", config.blockSize() + " tokens (block_size)");
    line(text, "gelu", lower(config.gelu()));
    line(
        text,
        "epsilon",
        String.valueOf(config.layerNormEpsilon()).replace(".0E", "e") + " (LayerNorm)");
    line(
        text,
        "tokenizer",
        tokenizer
            .map(k -> k.name() + ", " + k.vocabSize() + " tokens")
            .orElse("none: --prompt-ids"));
    line(text, "stored", String.join(" + ", dtypes) + ", " + Bytes.text(counts.storedBytes()));
    line(
        text,
        "memory",
        "%s on the cpu: weights as f32 %s (bf16, f16 %s, i8 %s, q4 %s%s), keys and values of a full context %s, activations %s"
            .formatted(
                Bytes.text(weightBytes.get(Precision.F32) + cacheBytes + workBytes),
                Bytes.text(weightBytes.get(Precision.F32)),
                Bytes.text(weightBytes.get(Precision.BF16)),
                Bytes.text(weightBytes.get(Precision.I8)),
                Bytes.text(weightBytes.get(Precision.Q4)),
                stored(),
                Bytes.text(cacheBytes),
                Bytes.text(workBytes)));
    List<Integer> rows =
        Stream.of(config.nEmbd(), config.nInner())
            .distinct()
            .filter(k -> Precision.Q4.forRowsOf(k) != Precision.Q4)
            .toList();
    if (!rows.isEmpty()) {
      line(
          text,
          "q4",
          "matrices with rows of %s weights, no multiple of %d, are kept as i8"
              .formatted(
                  rows.stream().map(String::valueOf).collect(Collectors.joining(" or ")),
                  Precision.Q4.block()));
    }
    text.append("\nparameters\n");
    counts
        .parts()
        .forEach(
            (name, count) -> {
              if (name.equals("h.ln_1")) {
                part(text, "h", counts.blocks() * counts.block());
                text.append("  of these in each of %d blocks%n".formatted(counts.blocks()));
              }
              if (name.equals("lm_head") && tied) {
                text.append("  %-16s %15s%n".formatted(name, "tied to wte"));
              } else {
                part(text, name.startsWith("h.") ? "  " + name : name, count);
              }
            });
    part(text, "total", counts.total());
    text.append(
        String.format(
            Locale.ROOT,
            "number of parameters: %.2fM (as nanoGPT counts them, without wpe)%n",
            counts.nanoGpt() / 1e6));
    return text.toString();
  }

  JsonObject toJson() {
    JsonObject json = new JsonObject();
    json.addProperty("path", path);
    json.addProperty("format", format);
    json.addProperty("n_layer", config.nLayer());
    json.addProperty("n_head", config.nHead());
    json.addProperty("n_embd", config.nEmbd());
    json.addProperty("n_inner", config.nInner());
    json.addProperty("block_size", config.blockSize());
    json.addProperty("vocab_size", config.vocabSize());
    json.addProperty("bias", config.bias());
    json.addProperty("gelu", lower(config.gelu()));
    json.addProperty("layer_norm_epsilon", config.layerNormEpsilon());
    json.addProperty("tied", tied);
    json.addProperty("tokenizer", tokenizer.map(Tokenizer::name).orElse(null));
    json.addProperty("dtype", dtypes.getFirst());
    json.addProperty("stored_bytes", counts.storedBytes());
    json.add("parameters", Json.tree(counts.parts()));
    json.addProperty("parameters_total", counts.total());
    json.addProperty("parameters_nanogpt", counts.nanoGpt());
    JsonObject memory = new JsonObject();
    memory.addProperty("weights", weightBytes.get(Precision.F32));
    JsonObject byType = new JsonObject();
    for (Precision precision : Precision.values()) {
      byType.addProperty(precision.word(), weightBytes.get(precision));
    }
    memory.add("weights_by_dtype", byType);
    memory.addProperty("kv_cache", cacheBytes);
    memory.addProperty("activations", workBytes);
    json.add("cpu_bytes", memory);
    return json;
  }

  private static void line(StringBuilder text, String name, String value) {
    text.append("%-12s%s%n".formatted(name, value));
  }

  private static void part(StringBuilder text, String name, long count) {
    text.append(String.format(Locale.ROOT, "  %-16s %,15d%n", name, count));
  }

  private static String lower(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
