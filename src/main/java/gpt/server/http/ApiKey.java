package gpt.server.http;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;

/** The key that callers must send. It is compared in constant time and never printed. */
public final class ApiKey {
  /** RFC 6750's scheme. */
  private static final String SCHEME = "Bearer ";

  private final byte[] key;

  /**
   * A key of visible ASCII characters.
   *
   * @throws IllegalArgumentException if it is empty or has another character
   */
  public ApiKey(String key) {
    if (!key.matches("[\\x21-\\x7E]+")) {
      throw new IllegalArgumentException(
          "the API key must be one or more visible ASCII characters without spaces");
    }
    this.key = key.getBytes(StandardCharsets.US_ASCII);
  }

  /**
   * Whether an {@code Authorization} header has the key.
   *
   * @param header the header's value; null if there is none
   */
  boolean matches(String header) {
    if (header == null || !header.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
      return false;
    }
    byte[] given = header.substring(SCHEME.length()).strip().getBytes(StandardCharsets.UTF_8);
    return MessageDigest.isEqual(key, given); // its time depends on the given length only
  }

  @Override
  public String toString() {
    return "ApiKey";
  }
}
