package gpt.cli.output;

import de.siegmar.fastcsv.writer.CsvWriter;
import de.siegmar.fastcsv.writer.LineDelimiter;
import java.io.StringWriter;
import java.util.Arrays;
import java.util.List;

/** CSV as the commands print it: quoted as in RFC 4180, but with a newline alone after a line. */
public final class Csv {
  private Csv() {}

  /** One line; a field with a comma, a quote or a line end is quoted. */
  public static String line(List<String> fields) {
    StringWriter line = new StringWriter();
    // Unbuffered: the writer is not closed, so a buffer would keep the record.
    CsvWriter.builder()
        .bufferSize(0)
        .lineDelimiter(LineDelimiter.LF)
        .build(line)
        .writeRecord(fields);
    return line.toString();
  }

  /** One line of values as Java writes them; see {@link #line(List)}. */
  public static String line(Object... values) {
    return line(Arrays.stream(values).map(String::valueOf).toList());
  }

  /** A number with all its digits; infinities are {@code -inf} and {@code inf}. */
  public static String number(float value) {
    return Float.isInfinite(value) ? number((double) value) : String.valueOf(value);
  }

  /** A number with all its digits; infinities are {@code -inf} and {@code inf}. */
  public static String number(double value) {
    if (Double.isInfinite(value)) {
      return value < 0 ? "-inf" : "inf";
    }
    return String.valueOf(value);
  }
}
