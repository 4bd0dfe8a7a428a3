package gpt.hub;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.GptException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Base of tests that download from a {@link FakeHub}, with small ranges and without real pauses.
 * Java's client may lose the last bytes of a connection that is closed early.
 */
@Timeout(60)
abstract class DownloadTests {
  static final String REPOSITORY = "openai-community/gpt2";
  static final String CONFIG = "{\"model_type\": \"gpt2\"}";
  static final String WEIGHTS = HubCache.WEIGHTS;
  static final int SIZE = 400_000;
  static final int RANGE = 100_000;

  @TempDir Path folder;

  final byte[] weights = new byte[SIZE];
  final List<Duration> pauses = new CopyOnWriteArrayList<>();
  final List<String> waited = new CopyOnWriteArrayList<>();
  final Map<String, Long> checked = new ConcurrentHashMap<>();
  final Map<String, String> environment = new HashMap<>();
  FakeHub hub;
  long room = Long.MAX_VALUE;
  int connections = 4;
  Duration silence = Duration.ofSeconds(20);
  long planned;
  long present;

  @BeforeEach
  void start() throws IOException {
    new Random(1).nextBytes(weights);
    hub = new FakeHub(REPOSITORY).file("config.json", CONFIG).file(WEIGHTS, weights);
    environment.put("HF_ENDPOINT", hub.endpoint());
    environment.put("HF_HOME", folder.toString());
  }

  @AfterEach
  void stop() {
    hub.close();
  }

  Path download(String name) {
    Tuning tuning = new Tuning(connections, RANGE, 4, silence, 1000, pauses::add, at -> room);
    Downloader.Listener listener =
        new Downloader.Listener() {
          @Override
          public void planned(long bytes, long there) {
            planned = bytes;
            present = there;
          }

          @Override
          public void at(long done, long total) {
            assertTrue(done <= total && total == planned, done + " of " + total);
          }

          @Override
          public void checking(String file, long at, long size) {
            assertTrue(at <= size && size <= planned, at + " of " + size);
            checked.put(file, at);
          }

          @Override
          public void waiting(String file) {
            waited.add(file);
          }
        };
    return new Downloader(HubSettings.of(environment, folder), tuning, listener)
        .download(HubName.parse(name).orElseThrow());
  }

  String fails(String name) {
    String message = assertThrows(GptException.class, () -> download(name)).getMessage();
    assertFalse(message.contains("\n"), message);
    return message;
  }

  Path blobs() {
    return folder.resolve("hub/models--openai-community--gpt2/blobs");
  }

  long asked() {
    return hub.gets(WEIGHTS).stream().mapToLong(DownloadTests::length).sum();
  }

  static long length(FakeHub.Seen request) {
    String[] ends = request.range().substring("bytes=".length()).split("-");
    return Long.parseLong(ends[1]) - Long.parseLong(ends[0]) + 1;
  }

  void assertWhole(Path snapshot) throws IOException {
    assertArrayEquals(weights, Files.readAllBytes(snapshot.resolve(WEIGHTS)));
    try (Stream<Path> files = Files.list(blobs())) {
      assertEquals(
          new TreeSet<>(List.of(FakeHub.sum(weights), FakeHub.sum(CONFIG.getBytes(UTF_8)))),
          new TreeSet<>(files.map(f -> f.getFileName().toString()).toList()));
    }
  }

  static String index(String first, String second) {
    return "{\"weight_map\": {\"a\": \"" + first + "\", \"b\": \"" + second + "\"}}";
  }
}
