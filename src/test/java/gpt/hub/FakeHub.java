package gpt.hub;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A server with the hub's API, and a second one on another port in the role of the CDN for large
 * files. Records the requests and injects faults.
 */
public final class FakeHub implements AutoCloseable {
  public static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

  /** Files from this size on come from the second server and have a SHA-256 checksum. */
  private static final int LARGE = 10_000;

  private static final Pattern RANGE = Pattern.compile("bytes=(\\d+)-(\\d+)");

  private final HttpServer hub = server();
  private final HttpServer cdn = server();
  private final Map<String, byte[]> files = new ConcurrentHashMap<>();
  private final Map<String, Queue<Fault>> faults = new ConcurrentHashMap<>();
  private final CountDownLatch stalled = new CountDownLatch(1);
  private final List<Seen> seen = new CopyOnWriteArrayList<>();
  private volatile String repository;
  private volatile String token;
  private volatile boolean ranges = true;
  private volatile String location;

  /** A recorded request. */
  public record Seen(boolean hub, String method, String path, String range, String authorization) {}

  /** A fault of one request. */
  @FunctionalInterface
  public interface Fault {
    /** Answers the request; {@code body} is the correct body. */
    void answer(HttpExchange exchange, byte[] body) throws IOException;
  }

  /** A hub with one model. */
  public FakeHub(String repository) throws IOException {
    this.repository = repository;
    hub.createContext("/", e -> handle(e, true));
    cdn.createContext("/", e -> handle(e, false));
    hub.start();
    cdn.start();
  }

  private static HttpServer server() {
    try {
      HttpServer server =
          HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
      return server;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  public String endpoint() {
    return "http://127.0.0.1:" + hub.getAddress().getPort();
  }

  public String cdn() {
    return "http://127.0.0.1:" + cdn.getAddress().getPort();
  }

  public FakeHub file(String name, byte[] content) {
    files.put(name, content);
    return this;
  }

  public FakeHub file(String name, String content) {
    return file(name, content.getBytes(UTF_8));
  }

  /** Requires a token. */
  public FakeHub gated(String secret) {
    token = secret;
    return this;
  }

  /** Ignores range requests for large files. */
  public FakeHub withoutRanges() {
    ranges = false;
    return this;
  }

  /** Redirects large files to this URL. */
  public FakeHub sendsTo(String elsewhere) {
    location = elsewhere;
    return this;
  }

  /** Injects faults into the next requests whose path ends with {@code path}, one per request. */
  public FakeHub fails(String path, Fault... next) {
    faults.computeIfAbsent(path, k -> new ConcurrentLinkedQueue<>()).addAll(Arrays.asList(next));
    return this;
  }

  public List<Seen> seen() {
    return seen;
  }

  /** Requests for a file's bytes. */
  public List<Seen> gets(String file) {
    return seen.stream()
        .filter(s -> s.method().equals("GET") && s.path().endsWith(file) && s.hub() != large(file))
        .toList();
  }

  private boolean large(String file) {
    return files.get(file).length >= LARGE;
  }

  /** The hub's checksum of a file. */
  public static String sum(byte[] content) {
    try {
      MessageDigest digest =
          MessageDigest.getInstance(content.length >= LARGE ? "SHA-256" : "SHA-1");
      if (content.length < LARGE) {
        digest.update(("blob " + content.length + "\0").getBytes(UTF_8));
      }
      return HexFormat.of().formatHex(digest.digest(content));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  private void handle(HttpExchange exchange, boolean isHub) throws IOException {
    try (exchange) {
      String path = exchange.getRequestURI().getPath();
      seen.add(
          new Seen(
              isHub,
              exchange.getRequestMethod(),
              path,
              exchange.getRequestHeaders().getFirst("Range"),
              exchange.getRequestHeaders().getFirst("Authorization")));
      String name = path.substring(path.lastIndexOf('/') + 1);
      byte[] content = files.getOrDefault(name, new byte[0]);
      Fault fault = fault(path, isHub || content.length < LARGE);
      if (fault != null) {
        fault.answer(exchange, part(exchange, content));
      } else if (!isHub) {
        bytes(exchange, content, ranges);
      } else if (path.startsWith("/api/models/")) {
        api(exchange, path);
      } else {
        resolve(exchange, path, name);
      }
    }
  }

  /** A large file's fault applies to the second server. */
  private Fault fault(String path, boolean whole) {
    for (Map.Entry<String, Queue<Fault>> entry : faults.entrySet()) {
      boolean large = files.containsKey(entry.getKey()) && large(entry.getKey());
      if (path.endsWith(entry.getKey()) && (!large || !whole)) {
        return entry.getValue().poll();
      }
    }
    return null;
  }

  private boolean refused(HttpExchange exchange) throws IOException {
    if (token == null
        || ("Bearer " + token).equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
      return false;
    }
    exchange.getResponseHeaders().set("X-Error-Code", "GatedRepo");
    exchange.sendResponseHeaders(401, -1);
    return true;
  }

  private void api(HttpExchange exchange, String path) throws IOException {
    String prefix = "/api/models/" + repository + "/revision/";
    if (refused(exchange)) {
      return;
    }
    if (!path.startsWith(prefix)) {
      error(exchange, "RepoNotFound");
      return;
    }
    String revision = URLDecoder.decode(path.substring(prefix.length()), UTF_8);
    if (!List.of("main", "v1", "refs/pr/1", COMMIT).contains(revision)) {
      error(exchange, "RevisionNotFound");
      return;
    }
    JsonObject json = new JsonObject();
    json.addProperty("id", repository);
    json.addProperty("sha", COMMIT);
    JsonArray siblings = new JsonArray();
    for (String name : new TreeMap<>(files).keySet()) {
      JsonObject sibling = new JsonObject();
      sibling.addProperty("rfilename", name);
      siblings.add(sibling);
    }
    json.add("siblings", siblings);
    bytes(exchange, json.toString().getBytes(UTF_8), false);
  }

  private void resolve(HttpExchange exchange, String path, String name) throws IOException {
    String cached = "/api/resolve-cache/models/" + repository + "/" + COMMIT + "/" + name;
    boolean known =
        path.equals("/" + repository + "/resolve/" + COMMIT + "/" + name)
            || path.equals("/" + repository + "/resolve/main/" + name)
            || path.equals(cached);
    if (refused(exchange)) {
      return;
    }
    if (!known || !files.containsKey(name)) {
      error(exchange, known ? "EntryNotFound" : "RepoNotFound");
      return;
    }
    byte[] content = files.get(name);
    exchange.getResponseHeaders().set("X-Repo-Commit", COMMIT);
    if (content.length >= LARGE) {
      exchange.getResponseHeaders().set("X-Linked-Etag", "\"" + sum(content) + "\"");
      exchange.getResponseHeaders().set("X-Linked-Size", String.valueOf(content.length));
      exchange.getResponseHeaders().set("ETag", "\"of the pointer\"");
      redirect(exchange, 302, (location == null ? cdn() : location) + "/signed/" + name);
    } else if (!path.equals(cached) && name.endsWith("config.json")) {
      redirect(exchange, 307, cached); // as the hub does with small files
    } else {
      exchange.getResponseHeaders().set("ETag", "W/\"" + sum(content) + "\"");
      bytes(exchange, content, true);
    }
  }

  private static void redirect(HttpExchange exchange, int status, String to) throws IOException {
    exchange.getResponseHeaders().set("Location", to);
    exchange.sendResponseHeaders(status, -1);
  }

  private static void error(HttpExchange exchange, String code) throws IOException {
    exchange.getResponseHeaders().set("X-Error-Code", code);
    exchange.sendResponseHeaders(404, -1);
  }

  /** The requested range of the content; sets the matching status and headers. */
  private static byte[] part(HttpExchange exchange, byte[] content) {
    Matcher range = range(exchange);
    return range.matches()
        ? Arrays.copyOfRange(
            content,
            Integer.parseInt(range.group(1)),
            Math.min(content.length, Integer.parseInt(range.group(2)) + 1))
        : content;
  }

  private static Matcher range(HttpExchange exchange) {
    String header = exchange.getRequestHeaders().getFirst("Range");
    return RANGE.matcher(header == null ? "" : header);
  }

  private static void bytes(HttpExchange exchange, byte[] content, boolean withRanges)
      throws IOException {
    Matcher range = range(exchange);
    byte[] body = content;
    int status = 200;
    if (withRanges && range.matches()) {
      status = 206;
      body = part(exchange, content);
      begin(exchange, content.length);
    }
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.getResponseHeaders().set("Content-Length", String.valueOf(body.length));
      exchange.sendResponseHeaders(status, -1);
      return;
    }
    exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
    exchange.getResponseBody().write(body);
  }

  private static void begin(HttpExchange exchange, int total) {
    Matcher range = range(exchange);
    if (range.matches()) {
      exchange
          .getResponseHeaders()
          .set("Content-Range", "bytes " + range.group(1) + "-" + range.group(2) + "/" + total);
    }
  }

  /** Responds with an error and Retry-After. */
  public static Fault status(int status, String... headers) {
    return (exchange, body) -> {
      for (int i = 0; i < headers.length; i += 2) {
        exchange.getResponseHeaders().set(headers[i], headers[i + 1]);
      }
      exchange.sendResponseHeaders(status, -1);
    };
  }

  /** Responds with other bytes, but with correct headers. */
  public static Fault content(String text) {
    return (exchange, body) -> bytes(exchange, text.getBytes(UTF_8), false);
  }

  /** Closes the connection after some bytes. */
  public Fault cut(String file, int bytes) {
    return (exchange, body) -> {
      begin(exchange, files.get(file).length);
      exchange.sendResponseHeaders(
          exchange.getRequestHeaders().containsKey("Range") ? 206 : 200, body.length);
      exchange.getResponseBody().write(body, 0, bytes);
      exchange.getResponseBody().flush();
    };
  }

  /** Sends some bytes, then single bytes slowly until the client closes the connection. */
  public Fault drip(String file, int bytes) {
    return (exchange, body) -> {
      begin(exchange, files.get(file).length);
      exchange.sendResponseHeaders(206, body.length);
      OutputStream out = exchange.getResponseBody();
      out.write(body, 0, bytes);
      for (int i = bytes; i < body.length; i++) {
        out.write(body[i]);
        out.flush();
        pause(Duration.ofMillis(20));
      }
    };
  }

  /** Sends some bytes, then nothing until the client closes the connection. */
  public Fault stalled(String file, int bytes) {
    return (exchange, body) -> {
      begin(exchange, files.get(file).length);
      exchange.sendResponseHeaders(206, body.length);
      exchange.getResponseBody().write(body, 0, bytes);
      exchange.getResponseBody().flush();
      stalled.countDown();
      pause(Duration.ofMinutes(1));
    };
  }

  /** Waits until {@link #stalled} has sent its bytes. */
  public void awaitStall() throws InterruptedException {
    if (!stalled.await(1, TimeUnit.MINUTES)) {
      throw new AssertionError("nobody asked");
    }
  }

  /** Delays the correct response until a future completes. */
  public Fault heldBack(String file, CompletableFuture<Void> until) {
    return (exchange, body) -> {
      until.join();
      bytes(exchange, files.get(file), true);
    };
  }

  private static void pause(Duration time) {
    try {
      Thread.sleep(time);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Bytes that differ from the file's. */
  public Fault wrong(String file) {
    return (exchange, body) -> {
      byte[] other = body.clone();
      other[other.length / 2] ^= 1;
      begin(exchange, files.get(file).length);
      exchange.sendResponseHeaders(206, other.length);
      exchange.getResponseBody().write(other);
    };
  }

  /** Sends more bytes than requested, without an end. */
  public Fault endless(String file) {
    return (exchange, body) -> {
      begin(exchange, files.get(file).length);
      exchange.sendResponseHeaders(206, 0); // chunked
      exchange.getResponseBody().write(body);
      byte[] more = new byte[8192];
      for (int i = 0; i < 1000; i++) {
        exchange.getResponseBody().write(more);
      }
    };
  }

  @Override
  public void close() {
    hub.stop(0);
    cdn.stop(0);
  }
}
