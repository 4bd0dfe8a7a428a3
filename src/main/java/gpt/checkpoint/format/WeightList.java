package gpt.checkpoint.format;

import gpt.model.Tensor;
import gpt.model.Weights;
import gpt.model.Weights.Block;
import gpt.model.Weights.LayerNorm;
import gpt.model.Weights.Linear;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Lists a model's tensors by GPT-2's keys without the prefix {@code transformer.}, in the order of
 * {@link WeightsReader}: embeddings, blocks, final norm, and the output projection unless it is
 * tied. Matrices are (out, in).
 */
public final class WeightList {
  /** The prefix of GPT-2's keys. */
  public static final String TRANSFORMER = "transformer.";

  /** The key of the output projection. */
  public static final String LM_HEAD = "lm_head.weight";

  private final Map<String, Tensor> tensors = new LinkedHashMap<>();

  private WeightList() {}

  /** All tensors by key. */
  public static Map<String, Tensor> of(Weights w) {
    WeightList list = new WeightList();
    list.tensors.put("wte.weight", w.wte());
    list.tensors.put("wpe.weight", w.wpe());
    for (int i = 0; i < w.h().size(); i++) {
      Block b = w.h(i);
      String prefix = "h." + i + ".";
      list.add(prefix + "ln_1", b.ln1());
      list.add(prefix + "attn.c_attn", b.attn().cAttn());
      list.add(prefix + "attn.c_proj", b.attn().cProj());
      list.add(prefix + "ln_2", b.ln2());
      list.add(prefix + "mlp.c_fc", b.mlp().cFc());
      list.add(prefix + "mlp.c_proj", b.mlp().cProj());
    }
    list.add("ln_f", w.lnF());
    if (!w.tied()) {
      list.tensors.put(LM_HEAD, w.lmHead());
    }
    return list.tensors;
  }

  private void add(String key, LayerNorm norm) {
    add(key, norm.weight(), norm.bias());
  }

  private void add(String key, Linear linear) {
    add(key, linear.weight(), linear.bias());
  }

  private void add(String key, Tensor weight, Tensor bias) {
    tensors.put(key + ".weight", weight);
    if (bias != null) {
      tensors.put(key + ".bias", bias);
    }
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
