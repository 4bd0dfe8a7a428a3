package gpt.server.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import gpt.generate.SchedulerListener;
import gpt.load.Device;
import gpt.load.DeviceChoice;
import gpt.load.LoadedModel;
import gpt.load.ModelLocator;
import gpt.model.Kernels;
import gpt.model.Precision;
import gpt.server.api.ApiLimits;
import gpt.server.api.ServedModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/** A server of the demo model on a free port, and a client. */
final class TestServer implements AutoCloseable {
  static final ServerMetrics METRICS = new ServerMetrics();

  private final ApiServer server;
  private final HttpClient client = HttpClient.newHttpClient();
  private final List<String> log = new CopyOnWriteArrayList<>();

  /** Serves a model, which the caller closes. */
  TestServer(ServedModel model, ServerSettings settings) {
    server = new ApiServer(model, settings, METRICS, log::add);
  }

  /** Loads the demo model on two threads. */
  static ServedModel demo(SchedulerListener listener) {
    DeviceChoice.Use use = DeviceChoice.Use.LOGITS;
    DeviceChoice choice =
        new DeviceChoice(Device.of(Device.Kind.CPU), Precision.F32, 2, Kernels.AUTO, false);
    return new ServedModel(
        ModelLocator.DEMO,
        () ->
            LoadedModel.load(
                ModelLocator.locate(ModelLocator.DEMO, false),
                Optional.empty(),
                choice,
                use,
                (tokenizer, config) -> new int[0],
                fraction -> {}),
        16,
        loaded -> Optional.empty(),
        Optional.empty(),
        listener);
  }

  /** The settings with this capacity and key, and short times. */
  static ServerSettings settings(int capacity, String key) {
    return new ServerSettings(
        "127.0.0.1",
        0,
        Optional.ofNullable(key).map(ApiKey::new),
        Optional.of("https://good.example"),
        ApiLimits.DEFAULT,
        1 << 16,
        64,
        capacity,
        Duration.ofSeconds(2),
        Duration.ofSeconds(2),
        Duration.ofSeconds(2),
        Duration.ofSeconds(60));
  }

  ApiServer server() {
    return server;
  }

  List<String> log() {
    return log;
  }

  HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
        .timeout(Duration.ofSeconds(60));
  }

  HttpResponse<String> send(HttpRequest.Builder request) {
    try {
      return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  HttpResponse<String> get(String path) {
    return send(request(path));
  }

  HttpResponse<String> post(String path, String body) {
    return send(request(path).POST(HttpRequest.BodyPublishers.ofString(body)));
  }

  /** The response of a completion that succeeds. */
  JsonObject complete(String body) {
    HttpResponse<String> response = post("/v1/completions", body);
    assertEquals(200, response.statusCode(), response.body());
    return json(response.body());
  }

  static JsonObject json(String text) {
    return JsonParser.parseString(text).getAsJsonObject();
  }

  /** The error of a response, checked to be in OpenAI's form. */
  static JsonObject error(int status, HttpResponse<String> response) {
    assertEquals(status, response.statusCode(), response.body());
    JsonObject error = json(response.body()).getAsJsonObject("error");
    assertEquals(List.of("message", "type", "param", "code"), List.copyOf(error.keySet()));
    assertEquals(1, error.get("message").getAsString().lines().count());
    return error;
  }

  /** A connection to which these bytes have been sent. */
  Socket connection(String bytes) throws IOException {
    Socket socket = new Socket("127.0.0.1", server.port());
    socket.setSoTimeout(20_000);
    socket.getOutputStream().write(bytes.getBytes(UTF_8));
    return socket;
  }

  /** All that the server sends until it closes the connection. */
  static String read(Socket socket) throws IOException {
    return new String(socket.getInputStream().readAllBytes(), UTF_8);
  }

  /** A metric's value. */
  double metric(String name) {
    return get("/metrics")
        .body()
        .lines()
        .filter(line -> line.startsWith(name + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
        .findFirst()
        .orElseThrow();
  }

  @Override
  public void close() {
    server.close();
    client.close();
  }
}
