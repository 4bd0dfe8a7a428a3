package gpt.cli.output.explore;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import gpt.cli.output.Columns;
import gpt.cli.output.Json;
import gpt.explore.ExactSoftmax;
import gpt.explore.plot.BarCharts;
import gpt.sampling.ChainStep;
import gpt.sampling.ChainTrace;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * Prints logits and their probabilities at one or more temperatures.
 *
 * @param logits the logits (V)
 * @param words a word for each; empty for none
 * @param each a softmax for each temperature
 */
public record SoftmaxPrinter(double[] logits, List<String> words, List<ExactSoftmax> each) {
  private static final int BAR = 20;
  private static final String GAP = "  ";

  /** The word of a logit, or its index. */
  public String label(int id) {
    return words.isEmpty() ? String.valueOf(id) : words.get(id);
  }

  /** A table for each temperature. */
  public String text() {
    StringBuilder out = new StringBuilder();
    for (ExactSoftmax softmax : each) {
      out.append(out.isEmpty() ? "" : "\n").append(table(softmax));
    }
    return out.toString();
  }

  private String table(ExactSoftmax softmax) {
    String temperature = ChainStep.number(softmax.parameters().temperature());
    List<List<String>> columns = new ArrayList<>();
    int[] ids = IntStream.range(0, logits.length).toArray();
    columns.add(column(words.isEmpty() ? "index" : "word", ids, this::label, "sum"));
    columns.add(column("logit", ids, id -> number(logits[id]), ""));
    columns.add(column("/ " + temperature, ids, id -> number(softmax.scaled()[id]), ""));
    double[] p = softmax.probabilities();
    columns.add(column("probability", ids, id -> plain(p[id]), plain(sum(p))));
    columns.add(column("scientific", ids, id -> scientific(p[id]), ""));
    double[] before = p;
    for (ChainTrace.Stage stage : softmax.filters()) {
      double[] now = stage.probabilities();
      double[] last = before;
      columns.add(
          column(
              stage.step().setting(softmax.parameters()),
              ids,
              id -> now[id] > 0 ? plain(now[id]) : last[id] > 0 ? "cut" : "",
              plain(sum(now))));
      before = now;
    }
    double[] shown = softmax.last();
    StringBuilder out = new StringBuilder("temperature ").append(temperature).append('\n');
    for (int row = 0; row < logits.length + 2; row++) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < columns.size(); i++) {
        List<String> column = columns.get(i);
        int width = column.stream().mapToInt(Columns::width).max().orElseThrow();
        line.append(i == 0 ? "" : GAP);
        line.append(
            i == 0 ? Columns.left(column.get(row), width) : Columns.right(column.get(row), width));
      }
      if (row > 0 && row <= logits.length) {
        line.append(GAP).append(Columns.bar(shown[row - 1], BAR));
      }
      out.append(line.toString().stripTrailing()).append('\n');
    }
    return out.toString();
  }

  private static List<String> column(
      String title, int[] ids, IntFunction<String> cell, String sum) {
    List<String> column = new ArrayList<>(List.of(title));
    for (int id : ids) {
      column.add(cell.apply(id));
    }
    column.add(sum);
    return column;
  }

  private static double sum(double[] values) {
    double sum = 0; // a stream would compensate rounding errors
    for (double value : values) {
      sum += value;
    }
    return sum;
  }

  /** A logit with at most 4 decimals. */
  private static String number(double value) {
    if (Double.isInfinite(value)) {
      return value < 0 ? "-inf" : "inf";
    }
    double size = Math.abs(value);
    return size != 0 && (size < 1e-3 || size >= 1e7)
        ? String.format(Locale.ROOT, "%.3e", value)
        : String.format(Locale.ROOT, "%.4f", value).replaceAll("\\.?0+$", "");
  }

  private static String plain(double value) {
    return String.format(Locale.ROOT, "%.8f", value);
  }

  private static String scientific(double value) {
    return String.format(Locale.ROOT, "%.8e", value);
  }

  /** One JSON object on a line. */
  public String json() {
    JsonObject object = new JsonObject();
    object.add("logits", numbers(logits));
    object.add("words", words.isEmpty() ? null : Json.tree(words));
    JsonArray all = new JsonArray();
    for (ExactSoftmax softmax : each) {
      JsonObject one = new JsonObject();
      one.addProperty("temperature", softmax.parameters().temperature());
      one.add("scaled", numbers(softmax.scaled()));
      one.add("probabilities", Json.tree(softmax.probabilities()));
      one.addProperty("sum", sum(softmax.probabilities()));
      for (ChainTrace.Stage stage : softmax.filters()) {
        one.add(stage.step().key(), Json.tree(stage.probabilities()));
      }
      one.add("zero_in_chain", Json.tree(softmax.underflows()));
      all.add(one);
    }
    object.add("temperatures", all);
    return Json.line(object);
  }

  /** JSON has no infinity: null stands for −∞. */
  private static JsonArray numbers(double[] values) {
    JsonArray array = new JsonArray();
    for (double value : values) {
      array.add(Double.isFinite(value) ? (Double) value : null);
    }
    return array;
  }

  /** A chart for each temperature. */
  public BarCharts charts() {
    List<BarCharts.Chart> charts = new ArrayList<>();
    StringBuilder settings = new StringBuilder();
    for (ExactSoftmax softmax : each) {
      List<BarCharts.Bar> bars = new ArrayList<>();
      for (int id = 0; id < logits.length; id++) {
        double p = softmax.last()[id];
        bars.add(new BarCharts.Bar(label(id) + " (" + number(logits[id]) + ")", p, plain(p)));
      }
      charts.add(new BarCharts.Chart(ChainStep.TEMPERATURE.setting(softmax.parameters()), bars));
      settings.setLength(0);
      softmax
          .filters()
          .forEach(
              stage -> settings.append(", ").append(stage.step().setting(softmax.parameters())));
    }
    return new BarCharts("Softmax", "logits in parentheses" + settings, charts);
  }
}
