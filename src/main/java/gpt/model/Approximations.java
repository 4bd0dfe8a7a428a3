package gpt.model;

import java.util.Optional;

/**
 * What a TornadoVM device may round further than usual, for less memory or more speed. Each of them
 * changes logits a little.
 *
 * @param kv precision of the keys and values
 * @param fastPrefill whether tensor cores compute the projections of prompts, from halves
 */
public record Approximations(KvPrecision kv, boolean fastPrefill) {
  /** None: the default. */
  public static final Approximations NONE = new Approximations(KvPrecision.F32, false);

  /** The option of the command line that asks for one; empty if there is none. */
  public Optional<String> option() {
    if (kv != KvPrecision.F32) {
      return Optional.of("--kv-dtype " + kv.word());
    }
    return fastPrefill ? Optional.of("--fast-prefill") : Optional.empty();
  }
}
