package gpt.cli.output;

import com.google.gson.stream.JsonWriter;
import gpt.tokenizer.Vocabulary;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;

/** Each token of a text with its loss, as CSV or as JSON. */
public record TokenLosses(int[] ids, Vocabulary vocabulary) {

  /**
   * The lines of the tokens from {@code first} to {@code end}; before token 1 come the header and
   * token 0, which has no loss.
   *
   * @param losses the losses of all tokens, in nats
   * @param first the first token, 1 or more
   * @param end one after the last token
   */
  public String csv(double[] losses, int first, int end) {
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
    return Csv.line(Arrays.asList(String.valueOf(ids[i]), vocabulary.text(ids[i]), loss));
  }

  /** Writes all tokens as a list; the loss is null for the first token, and where it is +∞. */
  void write(JsonWriter out, double[] losses) throws IOException {
    out.beginArray();
    for (int i = 0; i < ids.length; i++) {
      out.beginObject().name("id").value(ids[i]);
      out.name("token").value(vocabulary.text(ids[i]));
      out.name("loss");
      LossReport.number(out, losses[i]);
      out.endObject();
    }
    out.endArray();
  }
}
