package gpt.cli.options;

import gpt.OnFull;
import gpt.load.Device;
import gpt.model.Gelu;
import gpt.model.Kernels;
import gpt.model.KvPrecision;
import gpt.model.Precision;
import gpt.tokenizer.ChatTemplate;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.TypeConversionException;

/**
 * Converts an option's value to an enum constant, written in lower case. The nested classes list
 * the words for the completion script.
 */
public final class Choice<E extends Enum<E>> implements ITypeConverter<E> {
  private final Class<E> type;

  private Choice(Class<E> type) {
    this.type = type;
  }

  /** Registers a converter for every enum that an option or argument of the commands has. */
  public static void register(CommandLine parser) {
    parser.registerConverter(Device.class, new DeviceOptions.Converter());
    for (CommandLine command : parser.getSubcommands().values()) {
      for (ArgSpec argument : command.getCommandSpec().args()) {
        for (Class<?> type : argument.auxiliaryTypes()) {
          if (type.isEnum()) {
            register(parser, type.asSubclass(Enum.class));
          }
        }
      }
    }
  }

  @SuppressWarnings({"unchecked", "rawtypes"}) // the enum's type is not known statically
  private static void register(CommandLine parser, Class<? extends Enum> type) {
    parser.registerConverter((Class) type, new Choice(type));
  }

  @Override
  public E convert(String value) {
    return word(type, value);
  }

  /** The constant that a word names. */
  public static <E extends Enum<E>> E word(Class<E> type, String value) {
    for (E constant : type.getEnumConstants()) {
      if (word(constant).equals(value)) {
        return constant;
      }
    }
    throw new TypeConversionException(
        "expected " + String.join(" or ", words(type)) + ", found '" + value + "'");
  }

  /** The words for all constants, in their order. */
  public static <E extends Enum<E>> List<String> words(Class<E> type) {
    return Arrays.stream(type.getEnumConstants())
        .map(Choice::word)
        .collect(Collectors.toUnmodifiableList());
  }

  /** The constant's name in lower case. */
  public static String word(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  /** The words of {@code --dtype} where a model is run. */
  public static final class Precisions implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return words(Precision.class).iterator();
    }
  }

  /** The words of {@code --kernels}. */
  public static final class KernelsWords implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return words(Kernels.class).iterator();
    }
  }

  /** The words of {@code --kv-dtype}. */
  public static final class KvPrecisions implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return words(KvPrecision.class).iterator();
    }
  }

  static final class Gelus implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return words(Gelu.class).iterator();
    }
  }

  /** The words of {@code --chat-template}. */
  public static final class ChatTemplates implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return words(ChatTemplate.class).iterator();
    }
  }

  /** The words of {@code --on-full}. */
  public static final class OnFulls implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return words(OnFull.class).iterator();
    }
  }
}
