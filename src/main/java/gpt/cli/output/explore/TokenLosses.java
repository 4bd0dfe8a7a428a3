package gpt.cli.output.explore;

import com.google.gson.stream.JsonWriter;
import gpt.cli.output.Csv;
import gpt.explore.TokenScore;
import gpt.tokenizer.Vocabulary;
import java.io.IOException;

/**
 * Each token of a text with its loss, as CSV or as JSON.
 *
 * @param scores of all tokens but the first (n), filled while the text is measured
 */
public record TokenLosses(int[] ids, TokenScore[] scores, Vocabulary vocabulary) {
  private static final String HEADER =
      "id,token,loss,probability,rank,other_id,other_token,other_probability\n";

  /** What the numbers of a token have to do with each other. */
  public static final String NOTE =
      "loss = -ln(probability), so probability = e^-loss and perplexity = e^loss = 1/probability:"
          + " one number in three forms";

  /**
   * The lines of the tokens from {@code first} to {@code end}; before token 1 come the header and
   * token 0, which has no loss.
   *
   * @param first the first token, 1 or more
   * @param end one after the last token
   */
  public String csv(int first, int end) {
    StringBuilder lines = new StringBuilder();
    if (first == 1) {
      lines.append(HEADER).append(line(0));
    }
    for (int i = first; i < end; i++) {
      lines.append(line(i));
    }
    return lines.toString();
  }

  private String line(int i) {
    String token = vocabulary.text(ids[i]);
    TokenScore score = scores[i];
    return score == null
        ? Csv.line(ids[i], token, "", "", "", "", "", "")
        : Csv.line(
            ids[i],
            token,
            Csv.number(score.loss()),
            Csv.number(score.probability()),
            score.rank(),
            score.other(),
            vocabulary.text(score.other()),
            Csv.number(score.otherProbability()));
  }

  /** Writes all tokens as a list; the loss is null for the first token, and where it is +∞. */
  void write(JsonWriter out) throws IOException {
    out.beginArray();
    for (int i = 0; i < ids.length; i++) {
      out.beginObject().name("id").value(ids[i]);
      out.name("token").value(vocabulary.text(ids[i]));
      TokenScore score = scores[i];
      out.name("loss");
      if (score == null) {
        out.nullValue();
      } else {
        LossReport.number(out, score.loss());
        out.name("probability").value(score.probability());
        out.name("rank").value(score.rank());
        out.name("other").beginObject().name("id").value(score.other());
        out.name("token").value(vocabulary.text(score.other()));
        out.name("probability").value(score.otherProbability()).endObject();
      }
      out.endObject();
    }
    out.endArray();
  }
}
