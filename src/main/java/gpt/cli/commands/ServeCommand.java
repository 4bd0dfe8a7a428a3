package gpt.cli.commands;

import gpt.cli.options.ChatTemplateOption;
import gpt.cli.options.CommonOptions;
import gpt.cli.options.DeviceOptions;
import gpt.cli.options.DraftOption;
import gpt.cli.options.EnvironmentDefaults;
import gpt.cli.options.ModelOptions;
import gpt.cli.options.OptionGroup;
import gpt.cli.options.ServerOptions;
import gpt.cli.options.UsageException;
import gpt.load.DeviceChoice;
import gpt.server.api.ApiLimits;
import gpt.server.api.ServedModel;
import gpt.server.http.ApiServer;
import gpt.server.http.ServerMetrics;
import gpt.server.http.ServerSettings;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Serves a model over HTTP until the process receives SIGTERM. */
@Command(
    name = "serve",
    sortOptions = false,
    defaultValueProvider = EnvironmentDefaults.class,
    description =
        "Serves a model over HTTP with OpenAI's API: /v1/completions, /v1/models and others; / is a"
            + " page to try it.",
    footer = {
      "",
      "Every option that takes a value has an environment variable, which the option overrides:",
      "GPT_ and its name in capitals, as GPT_MODEL, GPT_PORT, GPT_MAX_TOKENS.",
      "",
      "Examples:",
      "  gpt serve                                          then open http://127.0.0.1:8080",
      "  gpt serve --model gpt2 --port 9000 --parallel 32",
      "  GPT_API_KEY=... gpt serve --host 0.0.0.0           for other machines",
      "  curl -N localhost:8080/v1/completions -d '{\"prompt\": \"ROMEO:\", \"stream\": true}'"
    })
public final class ServeCommand implements Callable<Integer> {
  @Mixin private ModelOptions model;

  @OptionGroup.In(OptionGroup.MODEL)
  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "The model's name in the API. Default: that of its file or folder")
  private String name;

  @Mixin private ChatTemplateOption chat;

  @Mixin private ServerOptions options;

  @Mixin private DeviceOptions device;

  @Mixin private DraftOption draft;

  @Mixin private CommonOptions common;

  @Override
  public Integer call() throws InterruptedException {
    device.check();
    if (common.given("--tornado-profile")) {
      throw new UsageException("--tornado-profile: gpt serve has no place for it; use gpt bench");
    }
    ServerSettings settings = options.settings();
    ServerMetrics metrics = new ServerMetrics();
    ServedModel served = load(metrics);
    ApiServer server;
    try {
      server = new ApiServer(served, settings, metrics, common::print);
    } catch (RuntimeException e) {
      served.close();
      throw e;
    }
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(server, served)));
    String address = settings.host().contains(":") ? "[" + settings.host() + "]" : settings.host();
    common.note("serving " + served.name() + " on http://" + address + ":" + server.port());
    new CountDownLatch(1).await(); // the shutdown hook ends the process
    return CommandLine.ExitCode.OK;
  }

  private ServedModel load(ServerMetrics metrics) {
    Path path = model.path(!common.quiet);
    DeviceChoice.Use use =
        new DeviceChoice.Use(options.parallel(), false, ApiLimits.MAX_LOGPROBS, 1);
    ServedModel served =
        new ServedModel(
            name == null ? model.shortName() : name,
            () -> model.load(path, device, use, !common.quiet),
            options.parallel(),
            loaded -> draft.open(model, device, loaded),
            chat.template(),
            metrics);
    served.notes().forEach(common::note);
    return served;
  }

  /** Lets running requests end; the process then exits with status 0. */
  private void stop(ApiServer server, ServedModel served) {
    common.note("stopping: running requests may end, new ones are refused");
    try {
      if (!server.drain()) {
        common.note("stopped before all requests had ended; --drain-timeout sets the time");
      }
      served.close();
    } catch (InterruptedException | RuntimeException e) {
      common.note(e.toString());
    } finally {
      System.err.flush();
      Runtime.getRuntime().halt(CommandLine.ExitCode.OK);
    }
  }
}
