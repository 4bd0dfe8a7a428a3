package gpt.cli.commands;

import gpt.GptException;
import gpt.OnFull;
import gpt.cli.chat.Chat;
import gpt.cli.chat.Conversation;
import gpt.cli.chat.LineSource;
import gpt.cli.chat.PlainLines;
import gpt.cli.chat.TerminalLines;
import gpt.cli.options.ChatTemplateOption;
import gpt.cli.options.CommonOptions;
import gpt.cli.options.DeviceOptions;
import gpt.cli.options.ModelOptions;
import gpt.cli.options.Numbers;
import gpt.cli.options.OptionGroup;
import gpt.cli.options.SamplingOptions;
import gpt.cli.options.StopOption;
import gpt.cli.output.StandardOutput;
import gpt.cli.output.Terminal;
import gpt.generate.Generator;
import gpt.generate.Request;
import gpt.generate.SchedulerListener;
import gpt.generate.SharedEngine;
import gpt.load.DeviceChoice;
import gpt.load.LoadedModel;
import gpt.load.SharedModel;
import gpt.sampling.SamplingParameters;
import gpt.tokenizer.ChatTemplate;
import gpt.tokenizer.Tokenizer;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

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

  @Mixin private StopOption stop;

  @Mixin private DeviceOptions device;

  @Mixin private CommonOptions common;

  @Override
  public Integer call() throws IOException {
    SamplingParameters parameters = checkedOptions();
    // The shared engine keeps the keys and values of one completion for the next.
    SharedModel shared =
        SharedModel.load(
            () -> load(parameters), 1, loaded -> Optional.empty(), SchedulerListener.NONE);
    try (SharedEngine engine = shared.engine()) {
      chat(shared.loaded(), engine, parameters);
    }
    return CommandLine.ExitCode.OK;
  }

  private LoadedModel load(SamplingParameters parameters) {
    return model.load(
        device,
        new DeviceChoice.Use(1, false, 0, 1),
        (tokenizer, config) -> {
          if (tokenizer.isEmpty()) {
            throw new GptException("chat needs a tokenizer, and this model has none");
          }
          chat.template().ifPresent(form -> form.turn("", tokenizer.get())); // needs <|endoftext|>
          SamplingOptions.checkIds(parameters, config.vocabSize());
          return new int[0];
        },
        common);
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
        common.note(
            form.isPresent()
                ? "say something; /help lists the commands, Ctrl-D ends the chat"
                : "type a text to continue; /help lists the commands, Ctrl-D ends the chat");
      }
      new Chat(
              new Generator(engine, loaded.tokenizer()),
              new Conversation(tokenizer, form, engine.config().blockSize()),
              lines,
              StandardOutput::write,
              common::note,
              new Request.Length(maxNewTokens, loaded.endIds(), stop.stops(), OnFull.SLIDE),
              parameters)
          .run();
    }
  }

  /** Refuses wrong options before the model is loaded. */
  private SamplingParameters checkedOptions() {
    Numbers.atLeast(1, "--max-new-tokens", maxNewTokens);
    device.check();
    stop.check();
    return sampling.parameters(maxNewTokens);
  }
}
