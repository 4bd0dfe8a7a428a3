package gpt.model;

import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The weights of a GPT, named as in nanoGPT's {@code model.py}. Matrices are (out, in) for every
 * file format: the dot product of an input row and a weight row is one output.
 *
 * @param wte token embedding (vocabSize, nEmbd)
 * @param wpe position embedding (blockSize, nEmbd)
 * @param h the blocks, first to last
 * @param lnF the final norm
 * @param lmHead output projection (vocabSize, nEmbd); the same object as wte where tied
 */
public record Weights(Tensor wte, Tensor wpe, List<Block> h, LayerNorm lnF, Tensor lmHead) {

  /** Keeps its own copy of the list. */
  public Weights {
    h = List.copyOf(h);
  }

  /** Block {@code i}: {@code h(3).attn().cAttn().weight()} reads like the checkpoint's key. */
  public Block h(int i) {
    return h.get(i);
  }

  /** Whether the output projection is the token embedding. */
  public boolean tied() {
    return lmHead == wte;
  }

  /**
   * All tensors by GPT-2's keys without the prefix {@code transformer.}: embeddings, blocks, final
   * norm, and the output projection unless it is tied.
   */
  public Map<String, Tensor> byKey() {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("wte.weight", wte);
    tensors.put("wpe.weight", wpe);
    for (int i = 0; i < h.size(); i++) {
      Block b = h.get(i);
      String prefix = "h." + i + ".";
      put(tensors, prefix + "ln_1", b.ln1.weight, b.ln1.bias);
      put(tensors, prefix + "attn.c_attn", b.attn.cAttn.weight, b.attn.cAttn.bias);
      put(tensors, prefix + "attn.c_proj", b.attn.cProj.weight, b.attn.cProj.bias);
      put(tensors, prefix + "ln_2", b.ln2.weight, b.ln2.bias);
      put(tensors, prefix + "mlp.c_fc", b.mlp.cFc.weight, b.mlp.cFc.bias);
      put(tensors, prefix + "mlp.c_proj", b.mlp.cProj.weight, b.mlp.cProj.bias);
    }
    put(tensors, "ln_f", lnF.weight, lnF.bias);
    if (!tied()) {
      tensors.put("lm_head.weight", lmHead);
    }
    return tensors;
  }

  private static void put(Map<String, Tensor> tensors, String key, Tensor weight, Tensor bias) {
    tensors.put(key + ".weight", weight);
    if (bias != null) {
      tensors.put(key + ".bias", bias);
    }
  }

  /** All matrices of the forward pass; a tied one once. */
  public Stream<Tensor> matrices() {
    return byKey().values().stream().filter(tensor -> tensor.rank() == 2 && tensor != wpe);
  }

  /** The types of quantized matrices, the one with most bytes first. */
  public List<DType> quantizedTypes() {
    Map<DType, Long> bytes = new EnumMap<>(DType.class);
    matrices()
        .filter(m -> m.dtype().quantized())
        .forEach(m -> bytes.merge(m.dtype(), m.data().byteSize(), Long::sum));
    return bytes.keySet().stream()
        .sorted(Comparator.comparing(bytes::get, Comparator.reverseOrder()))
        .toList();
  }

  /** One transformer block: x + attn(ln1(x)), then x + mlp(ln2(x)). */
  public record Block(LayerNorm ln1, Attention attn, LayerNorm ln2, Mlp mlp) {}

  /**
   * Causal self-attention.
   *
   * @param cAttn projection to queries, keys and values, concatenated (3·nEmbd, nEmbd)
   * @param cProj output projection (nEmbd, nEmbd)
   */
  public record Attention(Linear cAttn, Linear cProj) {}

  /**
   * The MLP of a block.
   *
   * @param cFc up projection (nInner, nEmbd)
   * @param cProj down projection (nEmbd, nInner)
   */
  public record Mlp(Linear cFc, Linear cProj) {}

  /**
   * y = W·x + b.
   *
   * @param weight (out, in)
   * @param bias (out), or null
   */
  public record Linear(Tensor weight, Tensor bias) {}

  /**
   * (x − mean) / √(variance + ε) · weight + bias.
   *
   * @param weight (nEmbd)
   * @param bias (nEmbd), or null
   */
  public record LayerNorm(Tensor weight, Tensor bias) {}
}
