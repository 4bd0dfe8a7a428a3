package gpt.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.gson.stream.JsonWriter;
import gpt.tokenizer.TokenLabel;
import gpt.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.List;
import java.util.Optional;

/**
 * Each token of a text with its loss, as CSV and as JSON. A token is its text as it is; one that is
 * no whole character, as GPT-2 has them, its {@link TokenLabel}; without a tokenizer there is none.
 */
record TokenLosses(int[] ids, Optional<Tokenizer> tokenizer) {

  /**
   * The lines of some tokens, after the heading and the first token where they are the first ones.
   *
   * @param losses of all tokens, in nats
   * @param first the first that is wanted, 1 or more
   * @param end the one after the last
   */
  String csv(double[] losses, int first, int end) {
    StringBuilder lines = new StringBuilder();
    if (first == 1) {
      lines.append(Csv.line(List.of("id", "token", "loss"))).append(line(0, ""));
    }
    for (int i = first; i < end; i++) {
      lines.append(line(i, Csv.number(losses[i])));
    }
    return lines.toString();
  }

  private String line(int i, String loss) {
    return Csv.line(List.of(String.valueOf(ids[i]), text(ids[i]).orElse(""), loss));
  }

  /** Writes them all, as a list; null for the loss of the first, which has none, and for +∞. */
  void write(JsonWriter out, double[] losses) throws IOException {
    out.beginArray();
    for (int i = 0; i < ids.length; i++) {
      out.beginObject().name("id").value(ids[i]);
      out.name("token").value(text(ids[i]).orElse(null));
      out.name("loss");
      LossReport.number(out, losses[i]);
      out.endObject();
    }
    out.endArray();
  }

  private Optional<String> text(int id) {
    return tokenizer.map(t -> text(t.decode(id)));
  }

  private static String text(byte[] bytes) {
    try {
      return UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      return TokenLabel.of(bytes);
    }
  }
}
