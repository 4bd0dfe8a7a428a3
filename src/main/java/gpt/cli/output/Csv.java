package gpt.cli.output;

import de.siegmar.fastcsv.writer.CsvWriter;
import de.siegmar.fastcsv.writer.LineDelimiter;
import java.io.StringWriter;
import java.util.List;

/** CSV as the commands print it: RFC 4180's quotes, lines that end in a newline alone. */
public final class Csv {
  private Csv() {}

  /** One line; a field with a comma, a quote or a line's end gets quotes. */
  public static String line(List<String> fields) {
    StringWriter line = new StringWriter();
    // Without a buffer, in which the record would stay.
    CsvWriter.builder()
        .bufferSize(0)
        .lineDelimiter(LineDelimiter.LF)
        .build(line)
        .writeRecord(fields);
    return line.toString();
  }

  /** A number with all its digits; {@code -inf} and {@code inf} for no probability at all. */
  static String number(double value) {
    if (Double.isInfinite(value)) {
      return value < 0 ? "-inf" : "inf";
    }
    return String.valueOf(value);
  }
}
