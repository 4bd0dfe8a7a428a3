package gpt.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import gpt.cli.commands.BatchCommand;
import gpt.cli.commands.BenchCommand;
import gpt.cli.commands.ChatCommand;
import gpt.cli.commands.DevicesCommand;
import gpt.cli.commands.DownloadCommand;
import gpt.cli.commands.ExportCommand;
import gpt.cli.commands.GenerateCommand;
import gpt.cli.commands.InfoCommand;
import gpt.cli.commands.MakeRandomCommand;
import gpt.cli.commands.ModelsCommand;
import gpt.cli.commands.ServeCommand;
import gpt.cli.commands.TokensCommand;
import gpt.cli.commands.explore.ActivationsCommand;
import gpt.cli.commands.explore.AnswersCommand;
import gpt.cli.commands.explore.AttentionCommand;
import gpt.cli.commands.explore.BeamsCommand;
import gpt.cli.commands.explore.LensCommand;
import gpt.cli.commands.explore.LossCommand;
import gpt.cli.commands.explore.NextCommand;
import gpt.cli.commands.explore.SoftmaxCommand;
import gpt.cli.options.Choice;
import gpt.cli.options.CommonOptions;
import gpt.cli.options.Numbers;
import gpt.cli.options.OptionGroup;
import gpt.cli.options.UsageException;
import gpt.cli.output.StandardOutput;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.UsageMessageSpec;
import picocli.CommandLine.ParameterException;

/** The top-level command: lists the commands, parses the command line and runs one of them. */
@Command(
    name = GptCommand.NAME,
    description = "%nGenerates text with GPT-2 and nanoGPT models.",
    customSynopsis = {
      "gpt [generate] [OPTIONS]",
      "       gpt chat|next|softmax|answers|beams|loss|tokens [OPTIONS]",
      "       gpt attention|lens|activations|info|bench|batch|serve [OPTIONS]",
      "       gpt download|models|devices|export|make-random|completion [OPTIONS]",
      "       gpt COMMAND --help, gpt help COMMAND"
    },
    synopsisHeading = "Usage: ",
    optionListHeading = "%nOptions of generate:%n",
    commandListHeading = "%nCommands:%n",
    footer = {
      "",
      "Examples:",
      "  gpt --prompt \"ROMEO:\" --max-new-tokens 200",
      "  gpt chat",
      "  gpt next --prompt \"The sky is\" --temperatures 0.1,1,10",
      "  gpt softmax 6,2,7,0.1,-8,9 --temperatures 0.1,1,10",
      "  gpt loss --model out-shakespeare scene.txt",
      "  gpt tokens \"To be, or not to be\"",
      "  gpt answers --prompt \"The king is d\" -n 4 --num-samples 200",
      "  gpt beams --prompt \"The king is\" --beams 4 -n 6",
      "  gpt attention --prompt \"ROMEO:\" --layer 2 --head 1",
      "  gpt lens --prompt \"The king is d\"",
      "  gpt activations --prompt \"ROMEO:\" --at resid --out x.safetensors",
      "  gpt info --model out-shakespeare",
      "  gpt bench --random gpt2 --dtype f32,bf16,i8",
      "  gpt batch prompts.jsonl --out completions.jsonl",
      "  gpt serve                                          then open http://127.0.0.1:8080",
      "  gpt download gpt2                                  then: gpt --model gpt2",
      "  gpt models",
      "  gpt devices",
      "  gpt export --model out-shakespeare/ckpt.pt --out my-model",
      "  gpt make-random --like gpt2-xl --out random-xl",
      "  source <(gpt completion)"
    },
    versionProvider = VersionProvider.class)
public final class GptCommand {
  public static final String NAME = "gpt";

  static final String GENERATE = "generate";

  /** The commands in the order of the help. */
  private static final Map<String, Class<?>> COMMANDS = new LinkedHashMap<>();

  static {
    COMMANDS.put(GENERATE, GenerateCommand.class);
    COMMANDS.put("chat", ChatCommand.class);
    COMMANDS.put("next", NextCommand.class);
    COMMANDS.put("softmax", SoftmaxCommand.class);
    COMMANDS.put("answers", AnswersCommand.class);
    COMMANDS.put("beams", BeamsCommand.class);
    COMMANDS.put("loss", LossCommand.class);
    COMMANDS.put("tokens", TokensCommand.class);
    COMMANDS.put("attention", AttentionCommand.class);
    COMMANDS.put("lens", LensCommand.class);
    COMMANDS.put("activations", ActivationsCommand.class);
    COMMANDS.put("info", InfoCommand.class);
    COMMANDS.put("bench", BenchCommand.class);
    COMMANDS.put("batch", BatchCommand.class);
    COMMANDS.put("serve", ServeCommand.class);
    COMMANDS.put("download", DownloadCommand.class);
    COMMANDS.put("models", ModelsCommand.class);
    COMMANDS.put("devices", DevicesCommand.class);
    COMMANDS.put("export", ExportCommand.class);
    COMMANDS.put("make-random", MakeRandomCommand.class);
    COMMANDS.put("completion", CompletionCommand.class);
    COMMANDS.put("help", HelpCommand.class);
  }

  private static final Set<String> HELP = Set.of("-h", "--help");

  private static final Set<String> VERSION = Set.of("-V", "--version");

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

  /** As {@link #run}, without replacing {@link System#err}. */
  static int execute(String[] args) {
    StringWriter help = new StringWriter();
    String[] command = withDefaultCommand(args);
    try {
      if (args.length == 1 && VERSION.contains(args[0])) {
        StandardOutput.write(String.join("\n", new VersionProvider().getVersion()) + "\n");
        return CommandLine.ExitCode.OK;
      }
      int status =
          commandLine(command[0])
              .setOut(new PrintWriter(help))
              .setParameterExceptionHandler(Errors::usage)
              .setExecutionExceptionHandler((e, parser, parsed) -> handled(e, parser, args))
              .execute(command);
      StandardOutput.write(help.toString());
      return status;
    } catch (Throwable e) {
      // picocli does not catch an Error, such as OutOfMemoryError.
      return handled(e, null, args);
    }
  }

  private static int handled(Throwable e, CommandLine command, String[] args) {
    return switch (e) {
      case StandardOutput.ClosedException closed -> CommandLine.ExitCode.OK;
      case UsageException wrong ->
          Errors.usage(new ParameterException(command, wrong.getMessage(), wrong), args);
      default -> Errors.failure(e, args);
    };
  }

  /** Puts {@code generate} before arguments that name no command. */
  static String[] withDefaultCommand(String[] args) {
    boolean named =
        args.length > 0
            && (COMMANDS.containsKey(args[0])
                || HELP.contains(args[0])
                || VERSION.contains(args[0]));
    return named
        ? args
        : Stream.concat(Stream.of(GENERATE), Stream.of(args)).toArray(String[]::new);
  }

  /** The commands' names in the order of the help. */
  public static List<String> commandNames() {
    return List.copyOf(COMMANDS.keySet());
  }

  /** The command that a mistyped name was probably meant to be. */
  static Optional<String> nearestName(String typed) {
    return EditDistance.nearest(typed, COMMANDS.keySet());
  }

  /** The parser with all commands. */
  public static CommandLine commandLine() {
    CommandLine gpt = new CommandLine(new GptCommand());
    COMMANDS.values().forEach(gpt::addSubcommand);
    return configured(gpt);
  }

  /**
   * A parser for a command line that begins with this argument. To read the annotations of all
   * commands takes picocli longer than Java's own start, so it gets what is needed: for a command's
   * name that command alone, and for {@code --help} the options of {@code generate} and the
   * descriptions of all commands.
   */
  static CommandLine commandLine(String first) {
    Class<?> named = COMMANDS.get(first);
    if (named == null && !HELP.contains(first)) {
      return commandLine();
    }
    CommandLine gpt = new CommandLine(new GptCommand());
    if (named != null) {
      gpt.addSubcommand(named);
      return configured(gpt);
    }
    COMMANDS.forEach(
        (name, command) -> {
          if (name.equals(GENERATE)) {
            gpt.addSubcommand(command);
          } else {
            CommandSpec described = CommandSpec.create();
            described
                .usageMessage()
                .description(command.getAnnotation(Command.class).description());
            gpt.addSubcommand(name, described);
          }
        });
    return configured(gpt);
  }

  private static CommandLine configured(CommandLine gpt) {
    gpt.setExpandAtFiles(false); // a prompt may begin with @
    gpt.setPosixClusteredShortOptionsAllowed(false); // or with -h
    gpt.setColorScheme(Help.defaultColorScheme(Help.Ansi.OFF));
    gpt.setOverwrittenOptionsAllowed(true); // the last one wins: an alias can set defaults
    gpt.setUsageHelpWidth(100);
    gpt.setUsageHelpLongOptionsMaxWidth(30);
    Choice.register(gpt);
    Numbers.register(gpt);
    VersionProvider version = new VersionProvider();
    for (CommandLine command : gpt.getSubcommands().values()) {
      command.getCommandSpec().versionProvider(version);
      command.getHelpSectionMap().put(UsageMessageSpec.SECTION_KEY_OPTION_LIST, OptionGroup::list);
      // Its logits may begin with a minus.
      boolean numbers = command.getCommand() instanceof SoftmaxCommand;
      command.setUnmatchedOptionsArePositionalParams(numbers);
    }
    // generate is the default command: gpt --help lists its options.
    gpt.getHelpSectionMap()
        .put(
            UsageMessageSpec.SECTION_KEY_OPTION_LIST,
            help -> OptionGroup.list(help.subcommands().get(GENERATE)));
    return gpt;
  }
}
