package gpt.cli.output;

import gpt.sampling.ChainStep;
import gpt.sampling.ChainTrace;
import gpt.tokenizer.Vocabulary;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A table of the most likely tokens: a column with bars for the model's probabilities, and one for
 * the probabilities after each step of the sampling chain.
 */
public final class StepTable {
  /** Terminal columns for all probabilities and their bars together. */
  private static final int BARS = 54;

  private static final int MAX_BAR_WIDTH = 24;
  private static final int MIN_BAR_WIDTH = 6;
  private static final int DIGITS = 7;
  private static final String GAP = "  ";

  /**
   * A column.
   *
   * @param title its heading
   * @param key its name in JSON and CSV
   * @param cuts whether the step removes tokens, so that 0 means removed
   * @param probabilities of all tokens (V)
   */
  public record Column(String title, String key, boolean cuts, double[] probabilities) {
    double sum(int[] ids) {
      double sum = 0;
      for (int id : ids) {
        sum += probabilities[id];
      }
      return sum;
    }
  }

  private final float[] logits;
  private final Optional<float[]> newLogits;
  private final int[] ids;
  private final Vocabulary vocabulary;
  private final List<Column> columns;

  /**
   * A table.
   *
   * @param ids the tokens to list, in this order
   */
  StepTable(ChainTrace trace, int[] ids, Vocabulary vocabulary, List<Column> columns) {
    logits = trace.logits();
    newLogits = newLogits(trace);
    this.ids = ids;
    this.vocabulary = vocabulary;
    this.columns = columns;
  }

  /** The logits after penalties, biases and bans; empty if these change none. */
  static Optional<float[]> newLogits(ChainTrace trace) {
    return Arrays.equals(trace.logits(), trace.adjusted())
        ? Optional.empty()
        : Optional.of(trace.adjusted());
  }

  /** Columns for the model's probabilities and for every step that is on. */
  public static List<Column> columns(ChainTrace trace) {
    List<Column> columns = new ArrayList<>();
    columns.add(model(trace));
    for (ChainTrace.Stage stage : trace.stages()) {
      columns.add(
          new Column(
              stage.step().setting(trace.parameters()),
              stage.step().key(),
              stage.step().isFilter(),
              stage.probabilities()));
    }
    return columns;
  }

  /** The columns of {@link #columns}, without those of steps that change nothing. */
  public static List<Column> changes(ChainTrace trace) {
    List<Column> changes = new ArrayList<>();
    double[] before = null;
    for (Column column : columns(trace)) {
      // Temperature 1 has no column, and its rounding is no change of the filters after it.
      boolean same =
          Arrays.equals(column.probabilities(), before)
              || (column.cuts() && Arrays.equals(column.probabilities(), trace.afterTemperature()));
      if (!same) {
        changes.add(column);
        before = column.probabilities();
      }
    }
    return changes;
  }

  /** Columns for the model's probabilities and for several temperatures on the same logits. */
  public static List<Column> sideBySide(ChainTrace trace, List<ChainTrace> temperatures) {
    List<Column> columns = new ArrayList<>(List.of(model(trace)));
    for (ChainTrace each : temperatures) {
      String name = ChainStep.number(each.parameters().temperature());
      columns.add(
          new Column("temperature " + name, "temperature_" + name, false, each.afterTemperature()));
      if (!Arrays.equals(each.afterTemperature(), each.drawn())) {
        columns.add(new Column("drawn at " + name, "drawn_" + name, true, each.drawn()));
      }
    }
    return columns;
  }

  /** Columns for the model's probabilities and for those that the token was drawn from. */
  static List<Column> modelAndDrawn(ChainTrace trace) {
    return List.of(
        model(trace), new Column("after the chain", "drawn", cuts(trace), trace.drawn()));
  }

  private static boolean cuts(ChainTrace trace) {
    return !trace.stages().isEmpty() && trace.stages().getLast().step().isFilter();
  }

  /** The column of the model's own probabilities. */
  private static Column model(ChainTrace trace) {
    return new Column("probability", "probability", false, trace.probabilities());
  }

  /** The table's lines; the last one sums up the tokens that are not listed. */
  String text() {
    int[] widths = new int[columns.size()];
    int bar = Math.clamp(BARS / columns.size() - DIGITS, MIN_BAR_WIDTH, MAX_BAR_WIDTH);
    for (int i = 0; i < widths.length; i++) {
      widths[i] = Math.max(DIGITS + 1 + bar, columns.get(i).title().length());
    }
    int label = "token".length();
    for (int id : ids) {
      label = Math.max(label, Columns.width(vocabulary.label(id)));
    }
    StringBuilder out = new StringBuilder();
    StringBuilder line = new StringBuilder();
    line.append(Columns.left("token", label)).append(GAP).append("    id").append(GAP);
    line.append("   logit").append(newLogits.isPresent() ? GAP + "new logit" : "");
    for (int i = 0; i < widths.length; i++) {
      line.append(GAP).append(Columns.left(columns.get(i).title(), widths[i]));
    }
    Columns.endLine(line, out);
    for (int id : ids) {
      line.append(Columns.left(vocabulary.label(id), label)).append(GAP);
      line.append(Columns.right(String.valueOf(id), 6)).append(GAP);
      line.append(Columns.right(logit(logits[id]), 8));
      newLogits.ifPresent(all -> line.append(GAP).append(Columns.right(logit(all[id]), 9)));
      boolean cut = false;
      double before = 0;
      for (int i = 0; i < widths.length; i++) {
        double probability = columns.get(i).probabilities()[id];
        cut = columns.get(i).cuts() && probability == 0 && (cut || before > 0);
        before = probability;
        String number = cut ? "cut" : probability(probability);
        String cell = Columns.left(number, DIGITS) + " " + Columns.bar(probability, bar);
        line.append(GAP).append(Columns.left(cell, widths[i]));
      }
      Columns.endLine(line, out);
    }
    if (ids.length < logits.length) {
      String others = (logits.length - ids.length) + " more";
      int behind = 2 * GAP.length() + 14 + (newLogits.isPresent() ? GAP.length() + 9 : 0);
      line.append(Columns.left(others, label + behind));
      for (int i = 0; i < widths.length; i++) {
        double rest = Math.max(0, 1 - columns.get(i).sum(ids));
        line.append(GAP).append(Columns.left(probability(rest < 1e-12 ? 0 : rest), widths[i]));
      }
      Columns.endLine(line, out);
    }
    return out.toString();
  }

  private static String logit(float value) {
    return value == Float.NEGATIVE_INFINITY ? "-inf" : String.format(Locale.ROOT, "%.3f", value);
  }

  /** A probability in at most 7 columns. */
  public static String probability(double value) {
    if (value == 0) {
      return "0";
    }
    return value < 0.00005
        ? String.format(Locale.ROOT, "%.0e", value)
        : String.format(Locale.ROOT, "%.4f", value);
  }
}
