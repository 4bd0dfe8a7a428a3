package gpt.cli;

import java.util.Iterator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * What {@code --device} names.
 *
 * @param kind its first word
 * @param backend TornadoVM's backend, by name or number; null where the words name none
 * @param index the device's number in it
 */
record Device(Kind kind, String backend, int index) {
  private static final Pattern NAMED = Pattern.compile("tornado:([a-z]+|[0-9]{1,3}):([0-9]{1,3})");

  /** The first word. */
  enum Kind {
    /** TornadoVM where it is there with a device of its own, else the CPU. */
    AUTO,
    /** All cores, the Vector API where this JVM has it. Copies the weights. */
    CPU,
    /** TornadoVM's first GPU. */
    GPU,
    /** A TornadoVM device, its default one where none is named. */
    TORNADO,
    /** The stand-in for TornadoVM that checks kernels. */
    EMULATOR,
    /** One thread, double precision, written to be read. */
    REFERENCE
  }

  /** Reads the option's value. */
  static final class Converter implements ITypeConverter<Device> {
    @Override
    public Device convert(String value) {
      Matcher named = NAMED.matcher(value);
      if (named.matches()) {
        return new Device(Kind.TORNADO, named.group(1), Integer.parseInt(named.group(2)));
      }
      try {
        return new Device(Choice.word(Kind.class, value), null, 0);
      } catch (TypeConversionException e) {
        throw new TypeConversionException(
            "expected "
                + String.join(", ", Choice.words(Kind.class))
                + " or tornado:BACKEND:DEVICE as in tornado:opencl:0, found '"
                + value
                + "'");
      }
    }
  }

  /** The words, for the completion script. */
  static final class Words implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      List<String> words = Choice.words(Kind.class);
      return words.iterator();
    }
  }
}
