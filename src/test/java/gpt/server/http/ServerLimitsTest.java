package gpt.server.http;

import static gpt.server.http.TestServer.error;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.server.api.ServedModel;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whom a server answers, and what a client cannot do to it. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ServerLimitsTest {
  /** Takes seconds: eight whole contexts. */
  private static final String LONG = "{\"prompt\":\"A\",\"max_tokens\":255,\"n\":8%s}";

  private static final String HEAD = "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\n";

  private static ServedModel model;
  private TestServer server;

  @BeforeAll
  static void load() {
    model = TestServer.demo(TestServer.METRICS);
  }

  @AfterAll
  static void unload() {
    model.close();
  }

  @BeforeEach
  void open() {
    server = new TestServer(model, TestServer.settings(8, null));
  }

  @AfterEach
  void close() {
    server.close();
  }

  private static String post(String body) {
    return HEAD + "Content-Length: " + body.length() + "\r\n\r\n" + body;
  }

  private void awaitActive(int completions) throws InterruptedException {
    while (server.metric("gpt_completions_active") != completions) {
      Thread.sleep(5);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ",\"stream\":true"})
  void aClientThatGoesAwayFreesItsCompletions(String stream) throws Exception {
    double before = server.metric("gpt_requests_cancelled_total");
    double tokens = server.metric("gpt_tokens_completion_total");
    try (Socket _ = server.connection(post(LONG.formatted(stream)))) {
      awaitActive(8);
    }
    awaitActive(0);
    while (server.log().isEmpty() || !server.log().getLast().contains(" 499 ")) {
      server.log().removeIf(line -> line.contains("/metrics"));
      Thread.sleep(5);
    }
    assertEquals(before + 1, server.metric("gpt_requests_cancelled_total"));
    double generated = server.metric("gpt_tokens_completion_total") - tokens;
    assertTrue(generated < 8 * 255, () -> generated + " tokens, so it went on to the end");
  }

  @Test
  void aFullQueueAnswers429() throws Exception {
    try (Socket _ = server.connection(post(LONG.formatted("")))) {
      awaitActive(8);
      HttpResponse<String> response = server.post("/v1/completions", "{\"prompt\":\"A\"}");
      assertEquals("queue_full", error(429, response).get("code").getAsString());
      assertEquals("1", response.headers().firstValue("retry-after").orElseThrow());
    }
    awaitActive(0);
    assertEquals(200, server.post("/v1/completions", "{\"prompt\":\"A\"}").statusCode());
  }

  @Test
  void drainingLetsRunningRequestsEndAndRefusesNewOnes() throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<HttpResponse<String>> running =
          threads.submit(
              () -> server.post("/v1/completions", LONG.formatted("").replace("255", "60")));
      awaitActive(8);
      Future<Boolean> drained = threads.submit(() -> server.server().drain());
      HttpResponse<String> refused = server.post("/v1/completions", "{\"prompt\":\"A\"}");
      while (refused.statusCode() == 429) { // before draining begins
        refused = server.post("/v1/completions", "{\"prompt\":\"A\"}");
      }
      assertEquals("stopping", error(503, refused).get("code").getAsString());
      assertEquals("close", refused.headers().firstValue("connection").orElseThrow());
      assertEquals(200, running.get().statusCode());
      assertTrue(drained.get());
    }
    int port = server.server().port();
    assertEquals(-1, port);
  }

  @Test
  void aKeyIsNeededButForHealthAndPage() {
    try (TestServer locked = new TestServer(model, TestServer.settings(8, "secret"))) {
      HttpResponse<String> without = locked.get("/v1/models");
      assertEquals("invalid_api_key", error(401, without).get("code").getAsString());
      assertEquals("Bearer", without.headers().firstValue("www-authenticate").orElseThrow());
      for (String wrong : new String[] {"Bearer secreT", "Bearer ", "secret", "Basic secret"}) {
        error(401, locked.send(locked.request("/v1/models").header("Authorization", wrong)));
      }
      assertEquals(
          200,
          locked
              .send(locked.request("/v1/models").header("Authorization", "Bearer secret"))
              .statusCode());
      assertEquals(200, locked.get("/health").statusCode());
      assertEquals(200, locked.get("/").statusCode());
      error(401, locked.get("/metrics"));
      assertFalse(locked.log().toString().contains("secret"));
    }
  }

  @Test
  void otherSitesPagesAreRefused() throws IOException {
    HttpResponse<String> good =
        server.send(server.request("/v1/models").header("Origin", "https://good.example"));
    assertEquals(200, good.statusCode());
    assertEquals(
        "https://good.example",
        good.headers().firstValue("access-control-allow-origin").orElseThrow());
    error(403, server.send(server.request("/v1/models").header("Origin", "https://evil.example")));
    String own = "http://127.0.0.1:" + server.server().port();
    assertEquals(200, server.send(server.request("/v1/models").header("Origin", own)).statusCode());
    String rebound = "GET /v1/models HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    try (Socket socket = server.connection(rebound)) {
      assertTrue(TestServer.read(socket).startsWith("HTTP/1.1 403 "));
    }
  }

  /** What arrives, and the status of the answer; the connection is closed then. */
  @Test
  void malformedRequestsAreAnswered() throws IOException {
    StringBuilder headers = new StringBuilder(HEAD);
    for (int i = 0; i < 10_000; i++) {
      headers.append("X-").append(i).append(": a\r\n");
    }
    answered(400, headers + "\r\n");
    answered(413, HEAD + "Content-Length: 100000000\r\n\r\n" + "A".repeat(100_000));
    answered(413, HEAD + "Transfer-Encoding: chunked\r\n\r\n7fffffff\r\nAAAA");
    answered(400, HEAD + "Transfer-Encoding: chunked\r\n\r\nx\r\n");
    answered(408, HEAD + "Content-Length: 100\r\n\r\n{\"prompt\"");
    answered(400, "GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    answered(404, HEAD.replace("v1/completions", "nothing") + "Content-Length: 9\r\n\r\nabc");
    assertEquals(200, server.get("/health").statusCode());
  }

  private void answered(int status, String request) throws IOException {
    try (Socket socket = server.connection(request)) {
      String answer = TestServer.read(socket);
      assertTrue(answer.startsWith("HTTP/1.1 " + status + " "), () -> request + "\n" + answer);
      assertTrue(answer.contains("{\"error\":{\"message\":"), answer);
    }
  }

  @Test
  void anUnreadStreamEndsAndTheOthersDoNotNotice() throws Exception {
    String body = LONG.formatted(",\"stream\":true,\"logprobs\":20");
    try (Socket socket = new Socket()) {
      socket.setReceiveBufferSize(1024);
      socket.connect(new java.net.InetSocketAddress("127.0.0.1", server.server().port()));
      socket.getOutputStream().write(post(body).getBytes());
      awaitActive(8);
      assertEquals(200, server.get("/health").statusCode());
      while (server.log().stream().noneMatch(line -> line.contains("/v1/completions"))) {
        Thread.sleep(20);
      }
    }
    assertTrue(server.log().stream().anyMatch(line -> line.contains("/v1/completions 499 ")));
    awaitActive(0);
  }
}
