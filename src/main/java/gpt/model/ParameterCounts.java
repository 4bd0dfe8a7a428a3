package gpt.model;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

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
    Map<String, Long> parts = new LinkedHashMap<>();
    parts.put("wte", w.wte().size());
    parts.put("wpe", w.wpe().size());
    Weights.Block b = w.h(0);
    parts.put("h.ln_1", elements(b.ln1()));
    parts.put("h.attn.c_attn", elements(b.attn().cAttn()));
    parts.put("h.attn.c_proj", elements(b.attn().cProj()));
    parts.put("h.ln_2", elements(b.ln2()));
    parts.put("h.mlp.c_fc", elements(b.mlp().cFc()));
    parts.put("h.mlp.c_proj", elements(b.mlp().cProj()));
    parts.put("ln_f", elements(w.lnF()));
    parts.put("lm_head", w.tied() ? 0 : w.lmHead().size());
    long total = tensors(w).mapToLong(Tensor::size).sum();
    long stored = tensors(w).mapToLong(t -> t.dtype().bytes(t.size())).sum();
    return new ParameterCounts(parts, w.h().size(), total, total - w.wpe().size(), stored);
  }

  /** Elements of one whole block. */
  public long block() {
    return parts.entrySet().stream()
        .filter(part -> part.getKey().startsWith("h."))
        .mapToLong(Map.Entry::getValue)
        .sum();
  }

  private static Stream<Tensor> tensors(Weights w) {
    Stream<Tensor> blocks =
        w.h().stream()
            .flatMap(
                b ->
                    Stream.of(
                            tensors(b.ln1()),
                            tensors(b.attn().cAttn()),
                            tensors(b.attn().cProj()),
                            tensors(b.ln2()),
                            tensors(b.mlp().cFc()),
                            tensors(b.mlp().cProj()))
                        .flatMap(t -> t));
    Stream<Tensor> outside =
        Stream.of(w.wte(), w.wpe(), w.lnF().weight(), w.lnF().bias(), w.tied() ? null : w.lmHead());
    return Stream.concat(blocks, outside.filter(Objects::nonNull));
  }

  private static Stream<Tensor> tensors(Weights.LayerNorm norm) {
    return Stream.of(norm.weight(), norm.bias()).filter(Objects::nonNull);
  }

  private static Stream<Tensor> tensors(Weights.Linear linear) {
    return Stream.of(linear.weight(), linear.bias()).filter(Objects::nonNull);
  }

  private static long elements(Weights.LayerNorm norm) {
    return tensors(norm).mapToLong(Tensor::size).sum();
  }

  private static long elements(Weights.Linear linear) {
    return tensors(linear).mapToLong(Tensor::size).sum();
  }
}
