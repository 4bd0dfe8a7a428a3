package gpt.cli;

import gpt.cli.options.CommonOptions;
import gpt.cli.options.UsageException;
import gpt.cli.output.StandardOutput;
import java.io.IOException;
import java.util.Iterator;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Prints the help of a command, as its {@code --help} does. */
@Command(
    name = "help",
    sortOptions = false,
    description = "Prints the help of a command, or of gpt itself.",
    footer = {
      "",
      "Examples:",
      "  gpt help",
      "  gpt help next                          the same as gpt next --help"
    })
public final class HelpCommand implements Callable<Integer> {
  @Parameters(
      arity = "0..1",
      paramLabel = "COMMAND",
      completionCandidates = Names.class,
      description = "The command. Default: gpt itself")
  private String command;

  @Mixin private CommonOptions common;

  @Override
  public Integer call() throws IOException {
    if (command != null && !GptCommand.commandNames().contains(command)) {
      throw new UsageException(Errors.unknownCommand(command));
    }
    CommandLine gpt = GptCommand.commandLine(command == null ? "--help" : command);
    CommandLine asked = command == null ? gpt : gpt.getSubcommands().get(command);
    StandardOutput.write(asked.getUsageMessage());
    return CommandLine.ExitCode.OK;
  }

  /** The commands' names, for the completion script. */
  static final class Names implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return GptCommand.commandNames().iterator();
    }
  }
}
