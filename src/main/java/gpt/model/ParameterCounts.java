package gpt.model;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The number of parameters of a model and of its parts.
 *
 * @param parts elements of each part by its nanoGPT name; names that begin with {@code h.} count
 *     one block's elements
 * @param blocks number of blocks
 * @param total all parameters, a tied lm_head counted once
 * @param nanoGpt what nanoGPT prints as "number of parameters": all but the position embeddings
 * @param storedBytes bytes of all parameters in their stored types
 */
public record ParameterCounts(
    Map<String, Long> parts, int blocks, long total, long nanoGpt, long storedBytes) {

  /** Counts a model's parameters. */
  public static ParameterCounts of(Weights w) {
    Map<String, Tensor> tensors = w.byKey();
    Map<String, Long> parts = new LinkedHashMap<>();
    tensors.forEach(
        (key, tensor) -> {
          String part = key.replaceFirst("^h\\.0\\.", "h.").replaceFirst("\\.\\w+$", "");
          if (!part.matches("h\\.\\d.*")) { // all blocks have the shapes of the first
            parts.merge(part, tensor.size(), Long::sum);
          }
        });
    parts.putIfAbsent("lm_head", 0L);
    long total = tensors.values().stream().mapToLong(Tensor::size).sum();
    long stored = tensors.values().stream().mapToLong(t -> t.dtype().bytes(t.size())).sum();
    return new ParameterCounts(parts, w.h().size(), total, total - w.wpe().size(), stored);
  }

  /** Elements of one whole block. */
  public long block() {
    return parts.entrySet().stream()
        .filter(part -> part.getKey().startsWith("h."))
        .mapToLong(Map.Entry::getValue)
        .sum();
  }
}
