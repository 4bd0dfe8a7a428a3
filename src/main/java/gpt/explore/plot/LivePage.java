package gpt.explore.plot;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;

/**
 * The page that shows how the next token is chosen. A server's page asks the server for its
 * numbers; {@link StepsPage} has them inside.
 */
public final class LivePage {
  private LivePage() {}

  /** A server's page. */
  public static String html() {
    return html("How the next token is chosen", "{\"live\": true}", "'self'");
  }

  /**
   * The page with its data.
   *
   * @param data JSON, escaped so that no string can end the script element
   * @param connect what the page may connect to, as a content security policy says it
   */
  static String html(String title, String data, String connect) {
    String script = Script.of("app.js");
    return new Page("explore.html")
        .html("walk", Page.resource("walk.css"))
        .html("connect", connect)
        .html("hash", hash(script))
        .text("title", title)
        .html("data", data)
        .html("script", script)
        .toString();
  }

  /** The script's hash: the only script that the page's policy allows. */
  private static String hash(String script) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(script.getBytes(UTF_8));
      return Base64.getEncoder().encodeToString(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every Java has it
    }
  }
}
