package gpt.model;

import java.util.Optional;

/**
 * What a TornadoVM device may round further than usual, for less memory or more speed. Each of them
 * changes logits a little.
 *
 * @param kv precision of the keys and values
 */
public record Approximations(KvPrecision kv) {
  /** None: the default. */
  public static final Approximations NONE = new Approximations(KvPrecision.F32);

  /** The option of the command line that asks for one; empty if there is none. */
  public Optional<String> option() {
    return kv == KvPrecision.F32 ? Optional.empty() : Optional.of("--kv-dtype " + kv.word());
  }
}
