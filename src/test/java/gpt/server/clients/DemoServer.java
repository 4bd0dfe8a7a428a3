package gpt.server.clients;

import gpt.load.Device;
import gpt.load.DeviceChoice;
import gpt.load.LoadedModel;
import gpt.load.ModelLocator;
import gpt.model.Kernels;
import gpt.model.Precision;
import gpt.server.api.ApiLimits;
import gpt.server.api.ServedModel;
import gpt.server.http.ApiServer;
import gpt.server.http.ServerMetrics;
import gpt.server.http.ServerSettings;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;

/** The demo model on a server in this process. */
final class DemoServer implements AutoCloseable {
  /** The model's name in the API. */
  static final String MODEL = "demo";

  private static final Duration SECONDS = Duration.ofSeconds(20);

  private final ServedModel model;
  private final ApiServer server;

  /**
   * Starts a server.
   *
   * @param receive time in which a request must have arrived
   * @param send time in which a client must take what is sent to it
   */
  DemoServer(Duration receive, Duration send) {
    ServerMetrics metrics = new ServerMetrics();
    model =
        new ServedModel(
            MODEL,
            () ->
                LoadedModel.load(
                    ModelLocator.locate(ModelLocator.DEMO, false),
                    Optional.empty(),
                    new DeviceChoice(
                        Device.of(Device.Kind.CPU), Precision.F32, 2, Kernels.AUTO, false),
                    new DeviceChoice.Use(8, false, ApiLimits.MAX_LOGPROBS, 1),
                    (tokenizer, config) -> new int[0],
                    fraction -> {}),
            8,
            loaded -> Optional.empty(),
            Optional.empty(),
            metrics);
    server =
        new ApiServer(
            model,
            new ServerSettings(
                "127.0.0.1",
                0,
                Optional.empty(),
                Optional.empty(),
                ApiLimits.DEFAULT,
                ServerSettings.MAX_BODY,
                256,
                64,
                receive,
                SECONDS,
                send,
                SECONDS),
            metrics,
            line -> {});
  }

  int port() {
    return server.port();
  }

  String url() {
    return "http://127.0.0.1:" + port();
  }

  /** A figure of /metrics. */
  double figure(String name) throws IOException {
    try (InputStream in = URI.create(url() + "/metrics").toURL().openStream()) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(line -> line.startsWith(name + " "))
          .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
          .findFirst()
          .orElseThrow(() -> new AssertionError("/metrics has no " + name));
    }
  }

  /** Waits until a figure of /metrics has a value. */
  void await(String name, double value) throws IOException, InterruptedException {
    long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (figure(name) != value) {
      if (System.nanoTime() > end) {
        throw new AssertionError(name + " is " + figure(name) + ", expected " + value);
      }
      Thread.sleep(10);
    }
  }

  @Override
  public void close() {
    server.close();
    model.close();
  }
}
