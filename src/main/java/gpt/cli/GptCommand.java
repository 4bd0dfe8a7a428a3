package gpt.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.UsageMessageSpec;

/** The program itself: only holds the commands and the help. */
@Command(
    name = GptCommand.NAME,
    description = "%nGenerates text with GPT-2 and nanoGPT models.",
    customSynopsis = {
      "gpt [generate] [OPTIONS]",
      "       gpt next|loss|tokens|attention|info|bench [OPTIONS]",
      "       gpt download|models|devices|export|make-random|completion [OPTIONS]",
      "       gpt COMMAND --help"
    },
    synopsisHeading = "Usage: ",
    optionListHeading = "%nOptions of generate:%n",
    commandListHeading = "%nCommands:%n",
    footer = {
      "",
      "Examples:",
      "  gpt --prompt \"ROMEO:\" --max-new-tokens 200",
      "  gpt next --prompt \"The sky is\" --temperatures 0.1,1,10",
      "  gpt loss --model out-shakespeare scene.txt",
      "  gpt tokens \"To be, or not to be\"",
      "  gpt attention --prompt \"ROMEO:\" --layer 2 --head 1",
      "  gpt info --model out-shakespeare",
      "  gpt bench --random gpt2 --dtype f32,bf16,i8",
      "  gpt download gpt2                                  then: gpt --model gpt2",
      "  gpt models",
      "  gpt devices",
      "  gpt export --model out-shakespeare/ckpt.pt --out my-model",
      "  gpt make-random --like gpt2-xl --out random-xl",
      "  source <(gpt completion)"
    },
    subcommands = {
      GenerateCommand.class,
      NextCommand.class,
      LossCommand.class,
      TokensCommand.class,
      AttentionCommand.class,
      InfoCommand.class,
      BenchCommand.class,
      DownloadCommand.class,
      ModelsCommand.class,
      DevicesCommand.class,
      ExportCommand.class,
      MakeRandomCommand.class,
      CompletionCommand.class
    },
    versionProvider = VersionProvider.class)
final class GptCommand {
  static final String NAME = "gpt";

  private static final String GENERATE = "generate";

  private static final Set<String> OPTIONS = Set.of("-h", "--help", "-V", "--version");

  @Mixin private CommonOptions common;

  /**
   * Runs one command.
   *
   * @return the exit status
   */
  static int run(String[] args) {
    System.setErr(new PrintStream(new FileOutputStream(FileDescriptor.err), true, UTF_8));
    return execute(args);
  }

  /** As {@link #run}, with what standard error is. */
  static int execute(String[] args) {
    StringWriter help = new StringWriter();
    try {
      int status =
          commandLine()
              .setOut(new PrintWriter(help))
              .setParameterExceptionHandler(Errors::usage)
              .setExecutionExceptionHandler((e, command, parsed) -> handled(e, args))
              .execute(withDefaultCommand(args));
      StandardOutput.write(help.toString());
      return status;
    } catch (Throwable e) {
      // Errors among them, which picocli lets through: out of memory above all.
      return handled(e, args);
    }
  }

  private static int handled(Throwable e, String[] args) {
    return e instanceof StandardOutput.ClosedException
        ? CommandLine.ExitCode.OK
        : Errors.failure(e, args);
  }

  /** {@code generate} is what runs where no command is named. */
  static String[] withDefaultCommand(String[] args) {
    boolean named =
        args.length > 0 && (OPTIONS.contains(args[0]) || commandNames().contains(args[0]));
    return named
        ? args
        : Stream.concat(Stream.of(GENERATE), Stream.of(args)).toArray(String[]::new);
  }

  /** The commands' names in the order of the help. */
  static List<String> commandNames() {
    Class<?>[] commands = GptCommand.class.getAnnotation(Command.class).subcommands();
    return Arrays.stream(commands).map(c -> c.getAnnotation(Command.class).name()).toList();
  }

  /** The parser with all commands. */
  static CommandLine commandLine() {
    CommandLine gpt = new CommandLine(new GptCommand());
    gpt.setExpandAtFiles(false); // a prompt may begin with @
    gpt.setPosixClusteredShortOptionsAllowed(false); // and with -h
    gpt.setColorScheme(Help.defaultColorScheme(Help.Ansi.OFF));
    gpt.setUsageHelpWidth(100);
    gpt.setUsageHelpLongOptionsMaxWidth(30);
    Choice.register(gpt);
    VersionProvider version = new VersionProvider();
    gpt.getSubcommands().values().forEach(c -> c.getCommandSpec().versionProvider(version));
    // generate needs no name, so its options stand in the program's own help.
    gpt.getHelpSectionMap()
        .put(
            UsageMessageSpec.SECTION_KEY_OPTION_LIST,
            help -> help.subcommands().get(GENERATE).optionList());
    return gpt;
  }
}
