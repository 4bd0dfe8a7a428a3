package gpt.batch;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** Seeds and fingerprints, as functions of what a request says: SHA-256's first bits. */
public final class Seeds {
  /** A seed fits into a JavaScript number. */
  private static final int SEED_BITS = 53;

  private Seeds() {}

  /**
   * The seed of a request: the same wherever and in whatever order requests run.
   *
   * @param seed the batch's seed
   * @param id the request's id
   */
  public static long of(long seed, String id) {
    return digest(seed + ":" + id).getLong() >>> Long.SIZE - SEED_BITS;
  }

  /** 32 bytes that no other text has. */
  static ByteBuffer digest(String text) {
    try {
      return ByteBuffer.wrap(MessageDigest.getInstance("SHA-256").digest(text.getBytes(UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every Java has it
    }
  }
}
