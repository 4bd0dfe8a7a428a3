package gpt.cli;

import gpt.cli.commands.GenerateCommand;
import gpt.cli.options.Choice;
import gpt.cli.options.CommonOptions;
import gpt.cli.output.StandardOutput;
import java.util.Iterator;
import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Prints a completion script for bash and zsh. */
@Command(
    name = "completion",
    description = "Prints a script that makes bash and zsh complete commands and options.",
    footer = {
      "",
      "Examples:",
      "  source <(scripts/gpt completion)                         for this shell",
      "  scripts/gpt completion > ~/.local/share/bash-completion/completions/gpt    for every bash"
    })
public final class CompletionCommand implements Callable<Integer> {
  @Parameters(
      arity = "0..1",
      paramLabel = "bash|zsh",
      completionCandidates = Words.class,
      description = "The shell; both get the same script.")
  private Shell shell;

  @Mixin private CommonOptions common;

  /** Shells that run the script. */
  public enum Shell {
    BASH,
    ZSH
  }

  /** The shells' names, for the completion script. */
  static final class Words implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return Choice.words(Shell.class).iterator();
    }
  }

  @Override
  public Integer call() throws Exception {
    // generate is the default command: its options complete without its name too.
    CommandLine gpt = new CommandLine(new GenerateCommand()).setCommandName(GptCommand.NAME);
    GptCommand.commandLine()
        .getSubcommands()
        .forEach((name, command) -> gpt.addSubcommand(name, command.getCommand()));
    StandardOutput.write(AutoComplete.bash(GptCommand.NAME, gpt));
    return CommandLine.ExitCode.OK;
  }
}
