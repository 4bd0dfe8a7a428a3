package gpt.checkpoint;

import gpt.model.Tensor;

/**
 * The tensors of one checkpoint by GPT-2's keys without the leading {@code transformer.}: {@code
 * wte.weight}, {@code h.3.attn.c_attn.weight}, {@code lm_head.weight}.
 */
interface TensorSource {

  /**
   * The tensor of this key.
   *
   * @param shape one or two dimensions, as the file must have them
   * @throws gpt.GptException where it is missing, or has another shape or an unsupported type
   */
  Tensor read(String key, int... shape);
}
