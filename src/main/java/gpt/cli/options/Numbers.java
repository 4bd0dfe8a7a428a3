package gpt.cli.options;

import picocli.CommandLine;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Converts numbers on the command line. */
public final class Numbers {
  private Numbers() {}

  /** Registers the converters of all number types. */
  public static void register(CommandLine parser) {
    ITypeConverter<Integer> ints = t -> (int) whole(t, Integer.MIN_VALUE, Integer.MAX_VALUE);
    ITypeConverter<Long> longs = t -> whole(t, Long.MIN_VALUE, Long.MAX_VALUE);
    parser.registerConverter(int.class, ints);
    parser.registerConverter(Integer.class, ints);
    parser.registerConverter(long.class, longs);
    parser.registerConverter(Long.class, longs);
    parser.registerConverter(double.class, Numbers::real);
    parser.registerConverter(Double.class, Numbers::real);
  }

  private static long whole(String text, long min, long max) {
    if (!text.matches("[+-]?[0-9]+")) {
      throw new TypeConversionException(
          "expected a whole number in digits, as 1000, found '" + text + "'");
    }
    try {
      long number = Long.parseLong(text);
      if (number >= min && number <= max) {
        return number;
      }
    } catch (NumberFormatException e) {
      // More digits than a long can hold: the message below.
    }
    throw new TypeConversionException(
        "expected a whole number from " + min + " to " + max + ", found " + text);
  }

  static double real(String text) {
    try {
      return Double.parseDouble(text);
    } catch (NumberFormatException e) {
      throw new TypeConversionException("expected a number, as 0.8, found '" + text + "'");
    }
  }

  /** Refuses a value below a minimum. */
  public static void atLeast(int min, String option, int value) {
    if (value < min) {
      throw new UsageException(option + ": must be " + min + " or more, found " + value);
    }
  }
}
