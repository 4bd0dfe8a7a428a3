package gpt.model;

import java.util.Comparator;
import java.util.EnumMap;
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

  /** All matrices of the forward pass; a tied one once. */
  public Stream<Tensor> matrices() {
    Stream<Tensor> blocks =
        h.stream()
            .flatMap(
                b ->
                    Stream.of(b.attn().cAttn(), b.attn().cProj(), b.mlp().cFc(), b.mlp().cProj()))
            .map(Linear::weight);
    return Stream.concat(tied() ? Stream.of(wte) : Stream.of(wte, lmHead), blocks);
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
