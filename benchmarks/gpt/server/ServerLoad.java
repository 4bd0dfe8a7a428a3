package gpt.server;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Loads a server with clients that stream completions one after another, and prints tokens per
 * second and the time to the first token. It speaks OpenAI's API, so it loads other servers too.
 * Each stream is checked: it must end with [DONE] and have as many tokens as its usage says.
 *
 * <pre>
 * java benchmarks/gpt/server/ServerLoad.java http://127.0.0.1:8080 --clients 1,4,16,64
 * java benchmarks/gpt/server/ServerLoad.java http://127.0.0.1:8080 --clients 64 --seconds 300 --pid $(pgrep -f gpt.jar)
 * </pre>
 */
public final class ServerLoad {
  private static final Pattern USAGE = Pattern.compile("\"completion_tokens\":(\\d+)");
  private static final Pattern TEXT = Pattern.compile("\"(?:text|content)\":\"(?!\")");

  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(20))
          .build();
  private final String url;
  private final Map<String, String> options;
  private final AtomicLong number = new AtomicLong();

  /** What a stream gave, or why it gave nothing. */
  private record Outcome(long firstNanos, int tokens, int status, String error) {}

  /** A client's figures. */
  private static final class Client {
    private final List<Long> firstNanos = new ArrayList<>();
    private final Map<String, Integer> errors = new TreeMap<>();
    private long tokens;
    private int refused;
  }

  private ServerLoad(String url, Map<String, String> options) {
    this.url = url;
    this.options = options;
  }

  /**
   * Runs it.
   *
   * @param args the server's address, then options and values: --clients N,…; --seconds N for each;
   *     --max-tokens N; --prompt TEXT; --model NAME; --pid N, the server's process, for its memory
   */
  public static void main(String[] args) throws Exception {
    Map<String, String> options =
        new TreeMap<>(Map.of("--clients", "1,4,16,64", "--seconds", "20", "--max-tokens", "64"));
    options.put("--prompt", "ROMEO:");
    for (int i = 1; i + 1 < args.length; i += 2) {
      options.put(args[i], args[i + 1]);
    }
    ServerLoad load = new ServerLoad(args[0], options);
    System.out.println(
        "clients | requests | tokens/s | first token p50 ms | p99 ms | 429 | errors");
    for (String clients : options.get("--clients").split(",")) {
      load.run(Integer.parseInt(clients), Integer.parseInt(options.get("--seconds")));
    }
  }

  private void run(int clients, int seconds) throws Exception {
    memory("start");
    long begin = System.nanoTime();
    long end = begin + Duration.ofSeconds(seconds).toNanos();
    List<Client> all = new ArrayList<>();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < clients; i++) {
      Client client = new Client();
      all.add(client);
      threads.add(Thread.ofVirtual().start(() -> stream(client, end)));
    }
    Thread.sleep(Duration.ofSeconds(seconds).dividedBy(2));
    memory("middle");
    for (Thread thread : threads) {
      thread.join();
    }
    double elapsed = (System.nanoTime() - begin) / 1e9;
    memory("end");
    print(all, elapsed);
  }

  private void print(List<Client> all, double elapsed) {
    double[] first =
        all.stream()
            .flatMap(client -> client.firstNanos.stream())
            .mapToDouble(nanos -> nanos / 1e6)
            .sorted()
            .toArray();
    Map<String, Integer> errors = new TreeMap<>();
    all.forEach(client -> client.errors.forEach((key, n) -> errors.merge(key, n, Integer::sum)));
    System.out.printf(
        Locale.ROOT,
        "%7d | %8d | %8.1f | %18.1f | %6.1f | %3d | %s%n",
        all.size(),
        first.length,
        all.stream().mapToLong(client -> client.tokens).sum() / elapsed,
        quantile(first, 0.5),
        quantile(first, 0.99),
        all.stream().mapToInt(client -> client.refused).sum(),
        errors.isEmpty() ? "none" : errors);
  }

  private static double quantile(double[] sorted, double share) {
    return sorted.length == 0
        ? Double.NaN
        : sorted[(int) Math.min(sorted.length - 1, Math.round(share * (sorted.length - 1)))];
  }

  private void stream(Client client, long end) {
    while (System.nanoTime() < end) {
      Outcome outcome = stream();
      if (outcome.status == 429) {
        client.refused++;
        pause();
      } else if (outcome.error != null) {
        client.errors.merge(outcome.error, 1, Integer::sum);
      } else {
        client.firstNanos.add(outcome.firstNanos);
        client.tokens += outcome.tokens;
      }
    }
  }

  private static void pause() {
    try {
      Thread.sleep(Duration.ofSeconds(1));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private Outcome stream() {
    int max = Integer.parseInt(options.get("--max-tokens"));
    String model = options.containsKey("--model") ? quoted("model", options.get("--model")) : "";
    String body =
        "{"
            + model
            + quoted("prompt", options.get("--prompt"))
            + "\"max_tokens\":%d,\"seed\":%d,\"temperature\":0.8,\"stream\":true,"
                .formatted(max, number.incrementAndGet())
            + "\"stream_options\":{\"include_usage\":true}}";
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(url + "/v1/completions"))
            .header("Content-Type", "application/json")
            .timeout(Duration.ofMinutes(5))
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build();
    long begin = System.nanoTime();
    try {
      HttpResponse<InputStream> response =
          http.send(request, HttpResponse.BodyHandlers.ofInputStream());
      return read(response, begin);
    } catch (IOException e) {
      return new Outcome(0, 0, 0, String.valueOf(e));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new Outcome(0, 0, 0, "interrupted");
    }
  }

  private static String quoted(String name, String text) {
    String escaped = text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
    return "\"" + name + "\":\"" + escaped + "\",";
  }

  private static Outcome read(HttpResponse<InputStream> response, long begin) throws IOException {
    try (BufferedReader in =
        new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
      if (response.statusCode() != 200) {
        String text = in.lines().collect(Collectors.joining());
        return new Outcome(0, 0, response.statusCode(), response.statusCode() + " " + text);
      }
      long first = 0;
      int tokens = -1;
      boolean done = false;
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        if (first == 0 && TEXT.matcher(line).find()) {
          first = System.nanoTime() - begin;
        }
        Matcher usage = USAGE.matcher(line);
        tokens = usage.find() ? Integer.parseInt(usage.group(1)) : tokens;
        done |= line.equals("data: [DONE]");
      }
      boolean whole = done && tokens > 0 && first > 0;
      return new Outcome(first, tokens, 200, whole ? null : "a stream without its end");
    }
  }

  /** Prints the server's heap after a collection and its resident memory, if --pid is given. */
  private void memory(String when) throws Exception {
    String pid = options.get("--pid");
    if (pid == null) {
      return;
    }
    String jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
    new ProcessBuilder(jcmd, pid, "GC.run").start().waitFor();
    String metrics =
        http.send(
                HttpRequest.newBuilder(URI.create(url + "/metrics")).build(),
                HttpResponse.BodyHandlers.ofString())
            .body();
    double heap =
        metrics
            .lines()
            .filter(line -> line.startsWith("jvm_memory_used_bytes{area=\"heap\""))
            .mapToDouble(line -> Double.parseDouble(line.substring(line.indexOf('}') + 2)))
            .sum();
    String status = Files.readString(Path.of("/proc", pid, "status"));
    String resident =
        Arrays.stream(status.split("\n"))
            .filter(line -> line.startsWith("VmRSS:"))
            .findFirst()
            .orElse("VmRSS: 0 kB")
            .replaceAll("\\D+", "");
    System.out.printf(
        Locale.ROOT,
        "memory at the %s: heap after a collection %.1f MB, resident %.1f MB%n",
        when,
        heap / 1e6,
        Double.parseDouble(resident) / 1e3);
  }
}
