package gpt.benchmarks;

import java.util.List;

/** Names of what is measured, on the CPU and on devices alike. */
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

  /** Rows whose loss is computed at once. */
  public static final int LOSSES = 32;

  /** A single operation of the forward pass, in its order. */
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

  /** The numbers of rows that an operation is measured with. */
  public static List<Integer> rows(String operation) {
    return switch (operation) {
      case LM_HEAD, ATTENTION, DECODE -> List.of(1);
      case PREFILL_ATTENTION, PREFILL -> List.of(PROMPT);
      case CROSS_ENTROPY -> List.of(LOSSES);
      default -> List.of(1, PROMPT);
    };
  }

  /** Whether its size is the vocabulary's alone, which GPT-2's sizes have in common. */
  public static boolean isOfVocabulary(String operation) {
    return operation.equals(CROSS_ENTROPY) || operation.startsWith(SAMPLING + "-");
  }
}
