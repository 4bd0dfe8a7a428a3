package gpt.cli.commands;

import gpt.GptException;
import gpt.cli.chat.Chat;
import gpt.cli.chat.Conversation;
import gpt.cli.chat.LineSource;
import gpt.cli.chat.PlainLines;
import gpt.cli.chat.TerminalLines;
import gpt.cli.options.ChatTemplateOption;
import gpt.cli.options.CommonOptions;
import gpt.cli.options.DeviceOptions;
import gpt.cli.options.ModelOptions;
import gpt.cli.options.OptionGroup;
import gpt.cli.options.PromptOptions;
import gpt.cli.options.SamplingOptions;
import gpt.cli.options.TextConsumer;
import gpt.cli.output.StandardOutput;
import gpt.cli.output.Terminal;
import gpt.generate.Generator;
import gpt.generate.SharedEngine;
import gpt.load.DeviceChoice;
import gpt.load.LoadedModel;
import gpt.sampling.SamplingParameters;
import gpt.tokenizer.ChatTemplate;
import gpt.tokenizer.Tokenizer;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Continues what one types, line after line. */
@OptionGroup.In(OptionGroup.LENGTH)
@Command(
    name = "chat",
    sortOptions = false,
    description = {
      "Continues what you type. Reads lines from a terminal, with editing and a history, or from"
          + " any other standard input.",
      "A base model continues the text so far. A DialoGPT answers: lines and completions are turns."
    },
    footer = {
      "",
      "On a terminal: Ctrl-C ends a completion, Ctrl-D ends the chat, /help lists the commands.",
      "",
      "Examples:",
      "  gpt chat",
      "  gpt chat --stop \"ROMEO:\"                          you are Romeo",
      "  gpt chat --model microsoft/DialoGPT-medium",
      "  printf 'ROMEO:\\n/reset\\nJULIET:\\n' | gpt chat -q   two texts"
    })
public final class ChatCommand implements Callable<Integer> {
  @Mixin private ModelOptions model;

  @Mixin private ChatTemplateOption chat;

  @Option(
      names = {"-n", "--max-new-tokens"},
      paramLabel = "N",
      defaultValue = "100",
      description = "Maximum number of tokens of a completion. Default: ${DEFAULT-VALUE}")
  private int maxNewTokens;

  @Mixin private SamplingOptions sampling;

  @Option(
      names = "--stop",
      paramLabel = "STRING",
      parameterConsumer = TextConsumer.class,
      description = "End a completion before this text. Can be given several times.")
  private List<String> stops = List.of();

  @Mixin private DeviceOptions device;

  @Mixin private CommonOptions common;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    SamplingParameters parameters = checkedOptions();
    LoadedModel[] loaded = new LoadedModel[1];
    // The shared engine keeps the keys and values of one completion for the next.
    try (SharedEngine engine =
        new SharedEngine(
            () -> {
              loaded[0] = load(parameters);
              return loaded[0].engine();
            },
            1)) {
      loaded[0].opened().notes().forEach(this::note);
      chat(loaded[0], engine, parameters);
    }
    return CommandLine.ExitCode.OK;
  }

  private LoadedModel load(SamplingParameters parameters) {
    try {
      return model.load(
          device,
          new DeviceChoice.Use(1, false, 0, 1),
          (tokenizer, config) -> {
            if (tokenizer.isEmpty()) {
              throw new GptException("chat needs a tokenizer, and this model has none");
            }
            chat.template()
                .ifPresent(form -> form.turn("", tokenizer.get())); // needs <|endoftext|>
            SamplingOptions.checkIds(parameters, config.vocabSize());
            return new int[0];
          },
          !common.quiet);
    } catch (PromptOptions.InvalidException e) {
      throw new IllegalStateException(e); // no prompt is read
    }
  }

  private void chat(LoadedModel loaded, SharedEngine engine, SamplingParameters parameters)
      throws IOException {
    Tokenizer tokenizer = loaded.tokenizer().orElseThrow();
    Optional<ChatTemplate> form = chat.template().or(loaded::chatTemplate);
    try (LineSource lines =
        Terminal.isStandardInput() && Terminal.isStandardOutput()
            ? TerminalLines.open(Chat.COMMANDS)
            : new PlainLines(System.in)) {
      if (lines.isTerminal()) {
        note(
            form.isPresent()
                ? "say something; /help lists the commands, Ctrl-D ends the chat"
                : "type a text to continue; /help lists the commands, Ctrl-D ends the chat");
      }
      new Chat(
              new Generator(engine, loaded.tokenizer()),
              new Conversation(tokenizer, form, engine.config().blockSize()),
              lines,
              StandardOutput::write,
              this::note,
              new Chat.Length(maxNewTokens, loaded.endIds(), stops),
              parameters)
          .run();
    }
  }

  /** Refuses wrong options before the model is loaded. */
  private SamplingParameters checkedOptions() {
    if (maxNewTokens < 1) {
      throw usage("--max-new-tokens: must be 1 or more, found " + maxNewTokens);
    }
    device.check(this::usage);
    if (stops.contains("")) {
      throw usage("--stop: the text must not be empty");
    }
    return sampling.parameters(maxNewTokens, this::usage);
  }

  private ParameterException usage(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  private void note(String line) {
    if (!common.quiet) {
      System.err.println("gpt: " + line);
    }
  }
}
