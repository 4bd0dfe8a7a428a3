package gpt.checkpoint.format;

import gpt.model.Tensor;

/**
 * Provides the tensors of one checkpoint by GPT-2's keys without the prefix {@code transformer.}:
 * {@code wte.weight}, {@code h.3.attn.c_attn.weight}, {@code lm_head.weight}.
 */
public interface TensorSource {

  /**
   * Reads a tensor.
   *
   * @param shape the expected shape in the file, one or two dimensions
   * @throws gpt.GptException if it is missing or has another shape or an unsupported type
   */
  Tensor read(String key, int... shape);
}
