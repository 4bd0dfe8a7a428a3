package gpt.checkpoint.format;

import gpt.model.GptConfig;
import gpt.model.Tensor;
import gpt.model.Weights;
import gpt.model.Weights.Attention;
import gpt.model.Weights.Block;
import gpt.model.Weights.LayerNorm;
import gpt.model.Weights.Linear;
import gpt.model.Weights.Mlp;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads a GPT's weights from any format: the one place with the names and shapes of all tensors.
 * The formats differ in the matrices inside the blocks: Hugging Face's Conv1D stores them as (in,
 * out), nanoGPT's Linear and GGUF as (out, in).
 */
public final class WeightsReader {
  /** The prefix of GPT-2's keys. */
  public static final String TRANSFORMER = "transformer.";

  /** The key of the output projection. */
  public static final String LM_HEAD = "lm_head.weight";

  private final GptConfig config;
  private final TensorSource source;
  private final boolean conv1d;

  private WeightsReader(GptConfig config, TensorSource source, boolean conv1d) {
    this.config = config;
    this.source = source;
    this.conv1d = conv1d;
  }

  /**
   * Reads all weights of a model.
   *
   * @param conv1d whether c_attn, c_proj and c_fc are stored as (in, out)
   * @param lmHead whether to read {@code lm_head.weight}; if its bytes equal wte's, it is tied
   */
  public static Weights read(
      GptConfig config, TensorSource source, boolean conv1d, boolean lmHead) {
    WeightsReader r = new WeightsReader(config, source, conv1d);
    int c = config.nEmbd();
    Tensor wte = source.read("wte.weight", config.vocabSize(), c);
    Tensor wpe = source.read("wpe.weight", config.blockSize(), c);
    List<Block> h = new ArrayList<>();
    for (int i = 0; i < config.nLayer(); i++) {
      h.add(r.block("h." + i + "."));
    }
    LayerNorm lnF = r.layerNorm("ln_f");
    Tensor head = lmHead ? source.read(LM_HEAD, config.vocabSize(), c) : wte;
    return new Weights(wte, wpe, h, lnF, sameBytes(wte, head) ? wte : head);
  }

  private Block block(String prefix) {
    int c = config.nEmbd();
    int inner = config.nInner();
    return new Block(
        layerNorm(prefix + "ln_1"),
        new Attention(
            linear(prefix + "attn.c_attn", Math.multiplyExact(3, c), c),
            linear(prefix + "attn.c_proj", c, c)),
        layerNorm(prefix + "ln_2"),
        new Mlp(linear(prefix + "mlp.c_fc", inner, c), linear(prefix + "mlp.c_proj", c, inner)));
  }

  private Linear linear(String key, int out, int in) {
    Tensor weight =
        conv1d
            ? source.read(key + ".weight", in, out).transposed()
            : source.read(key + ".weight", out, in);
    return new Linear(weight, bias(key, out));
  }

  private LayerNorm layerNorm(String key) {
    return new LayerNorm(source.read(key + ".weight", config.nEmbd()), bias(key, config.nEmbd()));
  }

  private Tensor bias(String key, int n) {
    return config.bias() ? source.read(key + ".bias", n) : null;
  }

  private static boolean sameBytes(Tensor a, Tensor b) {
    return a == b
        || a.dtype() == b.dtype()
            && a.rowStride() == b.rowStride()
            && a.columnStride() == b.columnStride()
            && (a.data().address() == b.data().address() || a.data().mismatch(b.data()) == -1);
  }

  /** A key as Hugging Face and nanoGPT have it, with {@link #TRANSFORMER} but in lm_head. */
  public static String fullKey(String key) {
    return key.startsWith("lm_head.") ? key : TRANSFORMER + key;
  }

  /** Whether Hugging Face stores this matrix as Conv1D, (in, out): the matrices in the blocks. */
  public static boolean isConv1d(String key) {
    return key.matches("h\\.\\d+\\.(attn|mlp)\\.c_\\w+\\.weight");
  }
}
