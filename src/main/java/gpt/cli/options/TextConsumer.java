package gpt.cli.options;

import java.util.List;
import java.util.Stack;
import java.util.stream.Stream;
import picocli.CommandLine.IParameterConsumer;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/**
 * Takes an option's text literally. The parser itself refuses a text that begins like a short
 * option, such as {@code -hello}. Only an option's full name is refused here: the text is missing.
 */
public final class TextConsumer implements IParameterConsumer {
  @Override
  public void consumeParameters(Stack<String> args, ArgSpec option, CommandSpec command) {
    String name = ((OptionSpec) option).longestName();
    if (args.isEmpty() || command.optionsMap().containsKey(args.peek())) {
      String found = args.isEmpty() ? "nothing" : "the option " + args.peek();
      throw new ParameterException(
          command.commandLine(), name + ": expected a text, found " + found);
    }
    String text = args.pop();
    if (option.isMultiValue()) {
      List<?> before = option.getValue();
      option.setValue(Stream.concat(before.stream(), Stream.of(text)).toList());
    } else {
      option.setValue(text); // the last one wins
    }
  }
}
