package gpt.cli.output;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import gpt.load.LoadedModel;
import gpt.sampling.ChainTrace;
import gpt.tokenizer.Vocabulary;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Prints the candidates for the next token as text, CSV or JSON. */
public final class NextPrinter {
  private final ChainTrace trace;
  private final int[] ids;
  private final List<StepTable.Column> columns;
  private final Vocabulary vocabulary;
  private final Optional<float[]> newLogits;

  /**
   * A printer.
   *
   * @param ids the candidates, most likely first
   * @param columns the probabilities to show
   */
  public NextPrinter(
      ChainTrace trace, int[] ids, List<StepTable.Column> columns, Vocabulary vocabulary) {
    this.trace = trace;
    this.ids = ids;
    this.columns = columns;
    this.vocabulary = vocabulary;
    newLogits = StepTable.newLogits(trace);
  }

  /** The table, and below it the token that was drawn, if {@code drawn}. */
  public String text(boolean drawn) {
    String table = new StepTable(trace, ids, vocabulary, columns).text();
    return drawn ? table + "\n" + draw(trace, vocabulary) : table;
  }

  /** A line about the token that was drawn. */
  static String draw(ChainTrace trace, Vocabulary vocabulary) {
    String how =
        trace.isRandom()
            ? String.format(Locale.ROOT, "random number %.7f draws ", trace.random())
            : "the likeliest is ";
    return String.format(
        Locale.ROOT,
        "%s%s (id %d): rank %d of %d, log-probability %.4f%n",
        how,
        vocabulary.label(trace.chosen()),
        trace.chosen(),
        trace.rank(trace.chosen()),
        trace.logits().length,
        trace.logProbability(trace.chosen()));
  }

  /** Writes a header and a line for each candidate to standard output. */
  public void csv() throws IOException {
    List<String> header = new ArrayList<>(List.of("rank", "id", "token", "logit"));
    newLogits.ifPresent(all -> header.add("new_logit"));
    columns.forEach(column -> header.add(column.key()));
    StandardOutput.write(Csv.line(header));
    StringBuilder lines = new StringBuilder();
    for (int rank = 0; rank < ids.length; rank++) {
      int id = ids[rank];
      List<String> fields = new ArrayList<>();
      fields.add(String.valueOf(rank + 1));
      fields.add(String.valueOf(id));
      fields.add(vocabulary.text(id));
      fields.add(String.valueOf(trace.logits()[id]));
      newLogits.ifPresent(all -> fields.add(Csv.number(all[id])));
      columns.forEach(column -> fields.add(String.valueOf(column.probabilities()[id])));
      lines.append(Csv.line(fields));
    }
    StandardOutput.write(lines.toString());
  }

  /**
   * One JSON object on a line.
   *
   * @param drawn whether to include the token that was drawn
   */
  public String json(LoadedModel loaded, boolean drawn) {
    JsonObject object = new JsonObject();
    object.add("prompt_ids", Json.tree(loaded.ids()));
    object.addProperty("vocab_size", trace.logits().length);
    JsonArray candidates = new JsonArray();
    for (int id : ids) {
      JsonObject candidate = token(id);
      candidate.addProperty("logit", finite(trace.logits()[id]));
      newLogits.ifPresent(all -> candidate.addProperty("new_logit", finite(all[id])));
      columns.forEach(c -> candidate.addProperty(c.key(), c.probabilities()[id]));
      candidates.add(candidate);
    }
    object.add("candidates", candidates);
    if (drawn) {
      object.addProperty("random", trace.isRandom() ? trace.random() : null);
      JsonObject chosen = token(trace.chosen());
      chosen.addProperty("rank", trace.rank(trace.chosen()));
      chosen.addProperty("logprob", trace.logProbability(trace.chosen()));
      object.add("chosen", chosen);
      object.addProperty("seed", trace.parameters().seed());
    }
    return Json.line(object, loaded.engine());
  }

  /** JSON has no infinity: null stands for it. */
  private static Float finite(float value) {
    return Float.isFinite(value) ? value : null;
  }

  private JsonObject token(int id) {
    JsonObject token = new JsonObject();
    token.addProperty("id", id);
    token.addProperty("token", vocabulary.text(id));
    return token;
  }
}
