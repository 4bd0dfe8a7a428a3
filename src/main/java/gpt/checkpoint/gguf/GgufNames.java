package gpt.checkpoint.gguf;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Maps GPT-2's tensor names to the names that llama.cpp uses in GGUF files. */
final class GgufNames {
  private static final Pattern BLOCK = Pattern.compile("h\\.(\\d+)\\.(.+)\\.(weight|bias)");
  private static final Pattern OUTSIDE = Pattern.compile("(.+)\\.(weight|bias)");

  private static final Map<String, String> OUTSIDE_NAMES =
      Map.of(
          "wte", "token_embd",
          "wpe", "position_embd",
          "ln_f", "output_norm",
          "lm_head", "output");

  private static final Map<String, String> BLOCK_NAMES =
      Map.of(
          "ln_1", "attn_norm",
          "attn.c_attn", "attn_qkv",
          "attn.c_proj", "attn_output",
          "ln_2", "ffn_norm",
          "mlp.c_fc", "ffn_up",
          "mlp.c_proj", "ffn_down");

  private GgufNames() {}

  /**
   * The GGUF name of a GPT-2 key without {@code transformer.}: {@code h.3.attn.c_attn.weight}
   * becomes {@code blk.3.attn_qkv.weight}.
   */
  static String of(String key) {
    Matcher block = BLOCK.matcher(key);
    if (block.matches()) {
      String name = BLOCK_NAMES.get(block.group(2));
      return "blk." + block.group(1) + "." + name + "." + block.group(3);
    }
    Matcher outside = OUTSIDE.matcher(key);
    if (!outside.matches()) {
      throw new IllegalArgumentException("not a GPT-2 key: " + key);
    }
    return OUTSIDE_NAMES.get(outside.group(1)) + "." + outside.group(2);
  }
}
