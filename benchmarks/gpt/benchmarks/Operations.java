package gpt.benchmarks;

import java.util.List;

/** Names of the operations measured on the CPU and on devices. */
public final class Operations {
  public static final String LAYER_NORM = "layernorm";
  public static final String QKV = "qkv";
  public static final String ATTENTION = "attention";
  public static final String PREFILL_ATTENTION = "prefill-attention";
  public static final String ATTENTION_PROJECTION = "attention-projection";
  public static final String GELU = "gelu";
  public static final String RESIDUAL = "residual";
  public static final String LM_HEAD = "lm-head";
  public static final String CROSS_ENTROPY = "cross-entropy";
  public static final String DECODE = "decode";
  public static final String PREFILL = "prefill";

  /** Stands for all of {@link Sampling}. */
  public static final String SAMPLING = "sampling";

  /** Rows of a prompt. */
  public static final int PROMPT = 256;

  /** Rows of a loss computation. */
  public static final int LOSSES = 32;

  /** The single operations of the forward pass, in order. */
  public static final List<String> COMMON =
      List.of(
          LAYER_NORM,
          QKV,
          ATTENTION,
          PREFILL_ATTENTION,
          ATTENTION_PROJECTION,
          GELU,
          RESIDUAL,
          LM_HEAD,
          CROSS_ENTROPY);

  private Operations() {}

  /** Row counts that an operation is measured with. */
  public static List<Integer> rows(String operation) {
    return switch (operation) {
      case LM_HEAD, ATTENTION, DECODE -> List.of(1);
      case PREFILL_ATTENTION, PREFILL -> List.of(PROMPT);
      case CROSS_ENTROPY -> List.of(LOSSES);
      default -> List.of(1, PROMPT);
    };
  }

  /** Whether its size depends on the vocabulary only, which is the same for all GPT-2 shapes. */
  public static boolean dependsOnVocabularyOnly(String operation) {
    return operation.equals(CROSS_ENTROPY) || operation.startsWith(SAMPLING + "-");
  }
}
