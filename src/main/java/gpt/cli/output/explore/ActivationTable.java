package gpt.cli.output.explore;

import gpt.checkpoint.ArrayFile;
import java.io.IOException;
import java.io.StringWriter;
import java.util.List;
import java.util.Locale;

/** Prints matrices of activations: their statistics, or all numbers as JSON. */
public final class ActivationTable {
  private ActivationTable() {}

  /** A line for each matrix; the norm is the mean of its rows' L2 norms. */
  public static String text(List<ArrayFile.Matrix> matrices) {
    StringBuilder out = new StringBuilder();
    out.append("name          shape       mean       min       max      norm\n");
    for (ArrayFile.Matrix matrix : matrices) {
      double sum = 0;
      double norms = 0;
      double min = Double.POSITIVE_INFINITY;
      double max = Double.NEGATIVE_INFINITY;
      for (float[] row : matrix.rows()) {
        double squares = 0;
        for (float value : row) {
          sum += value;
          squares += (double) value * value;
          min = Math.min(min, value);
          max = Math.max(max, value);
        }
        norms += Math.sqrt(squares);
      }
      int rows = matrix.rows().length;
      out.append(
          String.format(
              Locale.ROOT,
              "%-8s %10s %10.4f %9.3f %9.3f %9.3f%n",
              matrix.name(),
              rows + "×" + matrix.columns(),
              sum / rows / matrix.columns(),
              min,
              max,
              norms / rows));
    }
    return out.toString();
  }

  /** One JSON object on a line, with a list of rows for each matrix. */
  public static String json(List<ArrayFile.Matrix> matrices) throws IOException {
    StringWriter out = new StringWriter();
    ArrayFile.json(matrices, out);
    return out.toString();
  }
}
