package gpt.server.clients;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Clients that misbehave get an answer or a closed connection, and another client sees nothing. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FaultsTest {
  private static final Duration RECEIVE = Duration.ofSeconds(2);
  private static final String WELL =
      "{\"prompt\":\"ROMEO:\",\"max_tokens\":8,\"seed\":3,\"logprobs\":0}";

  private static DemoServer server;
  private static HttpClient http;
  private static String expected;

  private volatile boolean stop;
  private CompletableFuture<Integer> other;

  @BeforeAll
  static void start() throws Exception {
    server = new DemoServer(RECEIVE, Duration.ofSeconds(2));
    http = HttpClient.newHttpClient();
    expected = complete();
  }

  @AfterAll
  static void stopServer() {
    http.close();
    server.close();
  }

  /** The choices of a good request. */
  private static String complete() throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(server.url() + "/v1/completions"))
            .POST(HttpRequest.BodyPublishers.ofString(WELL))
            .timeout(Duration.ofSeconds(30))
            .build();
    HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
    assertEquals(200, response.statusCode(), response.body());
    return JsonParser.parseString(response.body()).getAsJsonObject().get("choices").toString();
  }

  /** Another client, which asks for the same again and again. */
  @BeforeEach
  void startOther() {
    other =
        CompletableFuture.supplyAsync(
            () -> {
              int answers = 0;
              try {
                while (!stop || answers == 0) {
                  assertEquals(expected, complete());
                  answers++;
                }
              } catch (IOException | InterruptedException e) {
                throw new AssertionError(e);
              }
              return answers;
            });
  }

  @AfterEach
  void theOtherClientNoticedNothing() throws Exception {
    stop = true;
    assertTrue(other.get() > 0);
    server.await("gpt_completions_active", 0);
    server.await("gpt_completions_waiting", 0);
  }

  private static Socket connection() throws IOException {
    Socket socket = new Socket("127.0.0.1", server.port());
    socket.setSoTimeout(20_000);
    return socket;
  }

  private static byte[] post(String body, long length) {
    return post(body.getBytes(UTF_8), length);
  }

  private static byte[] post(byte[] body, long length) {
    String head =
        "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            + ("Content-Length: " + length + "\r\n\r\n");
    byte[] all = new byte[head.length() + body.length];
    System.arraycopy(head.getBytes(ISO_8859_1), 0, all, 0, head.length());
    System.arraycopy(body, 0, all, head.length(), body.length);
    return all;
  }

  /** Sends bytes and returns what comes back until the server closes the connection. */
  private static String answer(byte[] request) throws IOException {
    try (Socket socket = connection()) {
      try {
        socket.getOutputStream().write(request);
      } catch (SocketException e) {
        // The server has answered already and reads no more.
      }
      return new String(socket.getInputStream().readAllBytes(), UTF_8);
    }
  }

  private static void refused(int status, String part, byte[] request) throws IOException {
    String answer = answer(request);
    assertTrue(answer.startsWith("HTTP/1.1 " + status + " "), answer);
    assertTrue(answer.contains(part), answer);
    String body = answer.substring(answer.indexOf("\r\n\r\n") + 4);
    assertTrue(JsonParser.parseString(body).getAsJsonObject().has("error"), answer);
  }

  @Test
  void clientsThatVanishInAStreamAreCancelled() throws Exception {
    double before = server.figure("gpt_requests_cancelled_total");
    List<Socket> sockets = new ArrayList<>();
    String body = "{\"prompt\":\"ROMEO:\",\"max_tokens\":249,\"stream\":true}";
    for (int i = 0; i < 8; i++) {
      Socket socket = connection();
      sockets.add(socket);
      socket.getOutputStream().write(post(body, body.length()));
    }
    for (Socket socket : sockets) {
      InputStream in = socket.getInputStream();
      StringBuilder text = new StringBuilder();
      while (text.indexOf("data:") < 0) {
        text.append((char) in.read());
      }
      socket.close();
    }
    server.await("gpt_requests_cancelled_total", before + 8);
  }

  @Test
  void clientsThatVanishWhileTheyWaitAreCancelled() throws Exception {
    double before = server.figure("gpt_requests_cancelled_total");
    String body = "{\"prompt\":\"ROMEO:\",\"max_tokens\":249,\"n\":16}";
    try (Socket socket = connection()) {
      socket.getOutputStream().write(post(body, body.length()));
      while (server.figure("gpt_completions_active") < 8) {
        Thread.sleep(5); // the test's timeout ends this
      }
    }
    server.await("gpt_requests_cancelled_total", before + 1);
  }

  @Test
  void halfABody() throws IOException {
    refused(408, "has not arrived within", post(WELL.substring(0, 20), WELL.length()));
    try (Socket socket = connection()) {
      socket.getOutputStream().write(post(WELL.substring(0, 20), WELL.length()));
    }
    try (Socket socket = connection()) {
      socket.getOutputStream().write("POST /v1/comp".getBytes(UTF_8));
    }
  }

  @Test
  void aByteNowAndThen() throws Exception {
    try (Socket socket = connection()) {
      long begin = System.nanoTime();
      try {
        for (byte each : post(WELL, WELL.length())) {
          socket.getOutputStream().write(each);
          Thread.sleep(RECEIVE.toMillis() / 5);
        }
        throw new AssertionError("the server takes a request that arrives byte by byte");
      } catch (SocketException e) {
        assertTrue(System.nanoTime() - begin >= RECEIVE.toNanos() / 2);
      }
    }
  }

  @Test
  void tooManyHeaders() throws IOException {
    StringBuilder headers = new StringBuilder("GET /health HTTP/1.1\r\nHost: localhost\r\n");
    for (int i = 0; i < 10_000; i++) {
      headers.append("X-").append(i).append(": y\r\n");
    }
    String answer = answer(headers.append("\r\n").toString().getBytes(ISO_8859_1));
    assertTrue(answer.matches("(?s)(HTTP/1.1 (400|431) .*)?"), answer);
  }

  @Test
  void bytesThatAreNotUtf8() throws IOException {
    byte[] body = "{\"prompt\":\"caf\u00e9\"}".getBytes(ISO_8859_1);
    refused(400, "UTF-8", post(body, body.length));
  }

  @Test
  void deepJson() throws IOException {
    String body = "{\"prompt\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}";
    refused(400, "error", post(body, body.length()));
    String unclosed = "{\"a\":".repeat(100_000);
    refused(400, "error", post(unclosed, unclosed.length()));
  }

  @Test
  void aPromptOf100Megabytes() throws IOException {
    byte[] start = post("{\"prompt\":\"" + "a".repeat(1 << 20), 100_000_000);
    refused(413, "larger than", start);
  }

  @Test
  void linesThatAreNoHttp() throws IOException {
    for (String line : List.of("GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n")) {
      String answer = answer(line.getBytes(ISO_8859_1));
      assertTrue(answer.matches("(?s)(HTTP/1.1 (400|505) .*)?"), answer);
    }
  }
}
