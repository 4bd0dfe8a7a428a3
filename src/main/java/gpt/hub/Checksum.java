package gpt.hub;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.function.LongConsumer;

/**
 * The hub's checksums, which are also the names of the blobs: SHA-256 of a large file's bytes (64
 * hexadecimal digits) or git's SHA-1 of a small file (40 digits).
 */
final class Checksum {
  private static final int CHUNK = 1 << 20;

  private Checksum() {}

  static boolean isSum(String text) {
    return text.matches("[0-9a-f]{40}|[0-9a-f]{64}");
  }

  /**
   * Whether the first {@code size} bytes of a file have this checksum.
   *
   * @param done called with the number of bytes checked so far
   */
  static boolean matches(String sum, FileChannel file, long size, LongConsumer done)
      throws IOException {
    MessageDigest digest = digest(sum.length() == 40 ? "SHA-1" : "SHA-256");
    if (sum.length() == 40) {
      digest.update(("blob " + size + "\0").getBytes(StandardCharsets.US_ASCII));
    }
    ByteBuffer chunk = ByteBuffer.allocate(CHUNK);
    for (long at = 0; at < size; ) {
      chunk.clear().limit((int) Math.min(CHUNK, size - at));
      int n = file.read(chunk, at);
      if (n < 0) {
        return false;
      }
      digest.update(chunk.flip());
      at += n;
      done.accept(at);
    }
    return HexFormat.of().formatHex(digest.digest()).equals(sum);
  }

  private static MessageDigest digest(String algorithm) {
    try {
      return MessageDigest.getInstance(algorithm);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every Java has both
    }
  }
}
