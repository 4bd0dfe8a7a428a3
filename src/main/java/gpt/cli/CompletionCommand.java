package gpt.cli;

import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Prints a script with which bash and zsh complete commands and options. */
@Command(
    name = "completion",
    description = "Prints a script with which bash and zsh complete commands and options.",
    footer = {
      "",
      "Examples:",
      "  source <(scripts/gpt completion)                         for this shell",
      "  scripts/gpt completion > ~/.local/share/bash-completion/completions/gpt    for every bash"
    })
final class CompletionCommand implements Callable<Integer> {
  @Mixin private CommonOptions common;

  @Override
  public Integer call() throws Exception {
    // generate's options complete without its name too, since it is the default command.
    CommandLine gpt = new CommandLine(new GenerateCommand()).setCommandName(GptCommand.NAME);
    GptCommand.commandLine()
        .getSubcommands()
        .forEach((name, command) -> gpt.addSubcommand(name, command.getCommand()));
    StandardOutput.write(AutoComplete.bash(GptCommand.NAME, gpt));
    return CommandLine.ExitCode.OK;
  }
}
