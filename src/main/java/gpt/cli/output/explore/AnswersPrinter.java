package gpt.cli.output.explore;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import gpt.cli.output.Columns;
import gpt.cli.output.Json;
import gpt.explore.Answers;
import gpt.explore.plot.BarCharts;
import gpt.load.LoadedModel;
import gpt.sampling.SamplingParameters;
import gpt.tokenizer.TokenLabel;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Prints a histogram of answers.
 *
 * @param top answers to list; 0 is all
 */
public record AnswersPrinter(Answers answers, int top) {
  private static final int MIN_LABEL = 6;
  private static final int MAX_LABEL = 34;
  private static final int BAR = 20;

  private List<Answers.Answer> listed() {
    List<Answers.Answer> all = answers.answers();
    return top == 0 ? all : all.subList(0, Math.min(top, all.size()));
  }

  /** A line for each answer: its count, its share, the interval and a bar. */
  public String text() {
    List<Answers.Answer> listed = listed();
    int width = listed.stream().mapToInt(each -> Columns.width(label(each))).max().orElse(0);
    width = Math.clamp(width, MIN_LABEL, MAX_LABEL);
    StringBuilder out = new StringBuilder();
    out.append(Columns.left("answer", width)).append("  count   share  95% interval\n");
    int rest = answers.samples();
    for (Answers.Answer each : listed) {
      String line =
          String.format(
              Locale.ROOT,
              "%s  %5d  %.4f  %.4f–%.4f  %s",
              Columns.fit(label(each), width),
              each.count(),
              each.share(),
              each.low(),
              each.high(),
              Columns.bar(each.share(), BAR));
      out.append(line.stripTrailing()).append('\n');
      rest -= each.count();
    }
    int more = answers.answers().size() - listed.size();
    if (more > 0) {
      out.append(Columns.left(more + " more", width));
      out.append(
          String.format(Locale.ROOT, "  %5d  %.4f%n", rest, (double) rest / answers.samples()));
    }
    int distinct = answers.answers().size();
    return out.append('\n')
        .append(answers.samples())
        .append(answers.samples() == 1 ? " sample, " : " samples, ")
        .append(distinct)
        .append(distinct == 1 ? " answer" : " different answers")
        .append('\n')
        .toString();
  }

  private static String label(Answers.Answer answer) {
    return answer.text().isEmpty() ? "(empty)" : TokenLabel.escaped(answer.text());
  }

  /** One JSON object on a line, with all answers. */
  public String json(LoadedModel loaded, SamplingParameters parameters) {
    JsonObject object = new JsonObject();
    object.add("prompt_ids", Json.tree(loaded.ids()));
    object.addProperty("samples", answers.samples());
    JsonArray all = new JsonArray();
    for (Answers.Answer each : answers.answers()) {
      JsonObject answer = new JsonObject();
      answer.addProperty("text", each.text());
      answer.addProperty("count", each.count());
      answer.addProperty("share", each.share());
      answer.addProperty("low", each.low());
      answer.addProperty("high", each.high());
      all.add(answer);
    }
    object.add("answers", all);
    object.addProperty("temperature", parameters.temperature());
    object.addProperty("seed", parameters.seed());
    return Json.line(object, loaded.engine());
  }

  /** The listed answers with their intervals as a chart. */
  public BarCharts chart(String prompt, int maxBars) {
    List<BarCharts.Bar> bars = new ArrayList<>();
    for (Answers.Answer each : listed().subList(0, Math.min(maxBars, listed().size()))) {
      String value = String.format(Locale.ROOT, "%.4f (%d)", each.share(), each.count());
      bars.add(new BarCharts.Bar(label(each), each.share(), each.low(), each.high(), value));
    }
    String note =
        "%d samples, %d different answers; lines are 95%% intervals"
            .formatted(answers.samples(), answers.answers().size());
    return new BarCharts("Answers to " + prompt, note, List.of(new BarCharts.Chart("share", bars)));
  }
}
