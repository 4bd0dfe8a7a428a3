package gpt.hub;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.model.GptException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Downloads from a server that behaves like the hub, and misbehaves as servers do. */
class DownloaderTest {
  private static final String REPOSITORY = "openai-community/gpt2";
  private static final String CONFIG = "{\"model_type\": \"gpt2\"}";
  private static final String WEIGHTS = HubCache.WEIGHTS;
  private static final int SIZE = 400_000;
  private static final int RANGE = 100_000;

  @TempDir Path folder;

  private final byte[] weights = new byte[SIZE];
  private final List<Duration> pauses = new CopyOnWriteArrayList<>();
  private final List<String> waited = new CopyOnWriteArrayList<>();
  private final Map<String, String> environment = new HashMap<>();
  private FakeHub hub;
  private long room = Long.MAX_VALUE;
  private int connections = 4;
  private Duration silence = Duration.ofSeconds(20);
  private long planned;
  private long present;

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

  private Path download(String name) {
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
          public void waiting(String file) {
            waited.add(file);
          }
        };
    return new Downloader(HubSettings.of(environment, folder), tuning, listener)
        .download(HubName.of(name));
  }

  private String fails(String name) {
    String message = assertThrows(GptException.class, () -> download(name)).getMessage();
    assertFalse(message.contains("\n"), message);
    return message;
  }

  private Path blobs() {
    return folder.resolve("hub/models--openai-community--gpt2/blobs");
  }

  private long asked() {
    return hub.gets(WEIGHTS).stream().mapToLong(DownloaderTest::length).sum();
  }

  private static long length(FakeHub.Seen request) {
    String[] ends = request.range().substring("bytes=".length()).split("-");
    return Long.parseLong(ends[1]) - Long.parseLong(ends[0]) + 1;
  }

  private void assertWhole(Path snapshot) throws IOException {
    assertArrayEquals(weights, Files.readAllBytes(snapshot.resolve(WEIGHTS)));
    try (Stream<Path> files = Files.list(blobs())) {
      assertEquals(
          new TreeSet<>(List.of(FakeHub.sum(weights), FakeHub.sum(CONFIG.getBytes(UTF_8)))),
          new TreeSet<>(files.map(f -> f.getFileName().toString()).toList()));
    }
  }

  @Test
  void theLayoutIsTheHubsOwn() throws IOException {
    hub.file("vocab.json", "{}").file("pytorch_model.bin", new byte[50_000]).file("README.md", "x");
    Path snapshot = download("gpt2");
    Path model = folder.resolve("hub/models--openai-community--gpt2");
    assertEquals(model.resolve("snapshots").resolve(FakeHub.COMMIT), snapshot);
    assertEquals(FakeHub.COMMIT, Files.readString(model.resolve("refs/main")));
    assertEquals(
        Path.of("../../blobs", FakeHub.sum(weights)),
        Files.readSymbolicLink(snapshot.resolve(WEIGHTS)));
    assertArrayEquals(weights, Files.readAllBytes(snapshot.resolve(WEIGHTS)));
    assertEquals("{}", Files.readString(snapshot.resolve("vocab.json")));
    try (Stream<Path> files = Files.list(snapshot)) {
      assertEquals(3, files.count()); // no other weights, no page
    }
    assertTrue(
        Files.exists(model.resolve(".no_exist").resolve(FakeHub.COMMIT).resolve("merges.txt")));
    assertEquals(snapshot, new HubCache(folder.resolve("hub")).find(HubName.of("gpt2")).get());
    // Four ranges, each asked for once and none twice.
    assertEquals(4, hub.gets(WEIGHTS).size());
    assertEquals(SIZE, asked());
    assertEquals(List.of(), pauses);
  }

  @Test
  void whatIsThereIsNotLoadedAgain() throws IOException {
    download("gpt2");
    int before = hub.gets(WEIGHTS).size();
    download("openai-community/gpt2@v1");
    assertEquals(before, hub.gets(WEIGHTS).size());
    assertEquals(planned, present);
    assertEquals(
        FakeHub.COMMIT,
        Files.readString(folder.resolve("hub/models--openai-community--gpt2/refs/v1")));
  }

  @Test
  void aRevisionMayHaveSlashes() {
    Path snapshot = download("gpt2@refs/pr/1");
    assertEquals(
        snapshot, new HubCache(folder.resolve("hub")).find(HubName.of("gpt2@refs/pr/1")).get());
  }

  @Test
  void theTokenIsTheHubsAlone() throws IOException {
    hub.gated("hf_secret");
    String refused = fails("gpt2");
    assertTrue(refused.contains("HF_TOKEN"), refused);
    environment.put("HF_TOKEN", "hf_secret");
    assertWhole(download("gpt2"));
    List<FakeHub.Seen> elsewhere = hub.seen().stream().filter(s -> !s.hub()).toList();
    assertEquals(4, elsewhere.size());
    elsewhere.forEach(s -> assertNull(s.authorization(), s::toString));
    environment.put("HF_TOKEN", "hf_other");
    String wrong = fails("gpt2");
    assertTrue(wrong.contains("token") && !wrong.contains("hf_other"), wrong);
  }

  @Test
  void aRequestThatLeftTheHubComesBackWithoutTheToken() {
    environment.put("HF_TOKEN", "hf_secret");
    hub.fails(WEIGHTS, FakeHub.status(302, "Location", hub.endpoint() + "/back"));
    connections = 1;
    fails("gpt2");
    FakeHub.Seen back =
        hub.seen().stream().filter(s -> s.path().equals("/back")).findFirst().orElseThrow();
    assertTrue(back.hub());
    assertNull(back.authorization());
  }

  @Test
  void aTokenFileIsReadToo() throws IOException {
    hub.gated("hf_file");
    Files.writeString(folder.resolve("token"), "hf_file\n");
    assertWhole(download("gpt2"));
  }

  @Test
  void aCutConnectionGoesOnWhereItWas() throws IOException {
    connections = 1;
    hub.fails(WEIGHTS, hub.cut(WEIGHTS, 150_001), hub.cut(WEIGHTS, 100_000));
    assertWhole(download("gpt2"));
    assertEquals(
        List.of("bytes=0-399999", "bytes=150001-399999", "bytes=250001-399999"),
        hub.gets(WEIGHTS).stream().map(FakeHub.Seen::range).toList());
  }

  @Test
  void aLaterRunGoesOnToo() throws IOException {
    FakeHub.Fault cut = hub.cut(WEIGHTS, 30_000);
    FakeHub.Fault down = FakeHub.status(503);
    hub.fails(WEIGHTS, cut, cut, cut, cut);
    hub.fails(WEIGHTS, Stream.generate(() -> down).limit(30).toArray(FakeHub.Fault[]::new));
    String message = fails("gpt2");
    assertTrue(message.contains("503"), message);
    assertFalse(Files.exists(blobs().resolve(FakeHub.sum(weights))));
    assertEquals(
        CachedModel.State.INCOMPLETE,
        new HubCache(folder.resolve("hub")).models().getFirst().state());
    hub.close();
    hub = new FakeHub(REPOSITORY).file("config.json", CONFIG).file(WEIGHTS, weights);
    environment.put("HF_ENDPOINT", hub.endpoint());
    assertWhole(download("gpt2"));
    assertEquals(120_000 + CONFIG.length(), present);
    assertEquals(SIZE - 120_000, asked());
  }

  @Test
  void aServerWithoutRanges() throws IOException {
    hub.withoutRanges();
    assertWhole(download("gpt2"));
    hub.close();
    hub = new FakeHub("a/b").file("config.json", CONFIG).file(WEIGHTS, weights).withoutRanges();
    environment.put("HF_ENDPOINT", hub.endpoint());
    hub.fails(WEIGHTS, hub.cut(WEIGHTS, 10_000));
    connections = 1;
    assertArrayEquals(weights, Files.readAllBytes(download("a/b").resolve(WEIGHTS)));
  }

  @Test
  void pausesGrowAndAreThoseTheServerAsksFor() throws IOException {
    connections = 1;
    hub.fails(
        WEIGHTS, FakeHub.status(429, "Retry-After", "7"), FakeHub.status(502), FakeHub.status(500));
    assertWhole(download("gpt2"));
    assertEquals(3, pauses.size());
    assertEquals(Duration.ofSeconds(7), pauses.get(0));
    assertTrue(pauses.get(1).toMillis() >= 1500 && pauses.get(1).toMillis() <= 2000, "" + pauses);
    assertTrue(pauses.get(2).toMillis() >= 3000 && pauses.get(2).toMillis() <= 4000, "" + pauses);
  }

  @Test
  void aServerThatAsksForAnHourIsNotWaitedFor() {
    hub.fails("/revision/main", FakeHub.status(429, "Retry-After", "3600"));
    String message = fails("gpt2");
    assertTrue(message.contains("3600 s"), message);
    assertEquals(List.of(), pauses);
  }

  @Test
  void anAddressThatRanOutIsAskedForAgain() throws IOException {
    connections = 1;
    hub.fails(WEIGHTS, FakeHub.status(403));
    assertWhole(download("gpt2"));
    assertEquals(3, hub.seen().stream().filter(s -> s.hub() && s.path().endsWith(WEIGHTS)).count());
  }

  @Test
  void aDripIsCut() throws IOException {
    silence = Duration.ofMillis(300);
    connections = 1;
    hub.fails(WEIGHTS, hub.drip(WEIGHTS, 1000));
    assertWhole(download("gpt2"));
    assertEquals(1, pauses.size());
    assertTrue(asked() < 2L * SIZE - 1000, "not from the start again: " + asked());
  }

  @Test
  void wrongBytesAreRemoved() throws IOException {
    connections = 1;
    hub.fails(WEIGHTS, hub.wrong(WEIGHTS));
    String message = fails("gpt2");
    assertTrue(message.contains(FakeHub.sum(weights)), message);
    try (Stream<Path> files = Files.list(blobs())) {
      assertEquals(1, files.count()); // the config
    }
    // Small files have another sum, and a wrong one is found all the same.
    hub.close();
    hub = new FakeHub("a/b").file("config.json", CONFIG).file(WEIGHTS, weights);
    environment.put("HF_ENDPOINT", hub.endpoint());
    hub.fails(
        "/resolve/" + FakeHub.COMMIT + "/config.json",
        FakeHub.status(
            200, "ETag", "\"" + FakeHub.sum(CONFIG.getBytes(UTF_8)) + "\"", "X-Linked-Size", "22"),
        hub.wrong("config.json"));
    String small = fails("a/b");
    assertTrue(small.contains("config.json") && small.contains("sum"), small);
  }

  @Test
  void aWrongBeginningOfAnEarlierRunIsNotKept() throws IOException {
    connections = 1;
    FakeHub.Fault down = FakeHub.status(503);
    hub.fails(WEIGHTS, hub.cut(WEIGHTS, 100_000), down, down, down);
    fails("gpt2");
    Path begun = PartialFile.of(blobs().resolve(FakeHub.sum(weights)));
    byte[] bytes = Files.readAllBytes(begun);
    bytes[5] ^= 1;
    Files.write(begun, bytes);
    assertWhole(download("gpt2"));
    assertEquals("bytes=0-399999", hub.gets(WEIGHTS).getLast().range());
  }

  @Test
  void noMoreIsWrittenThanTheHubSays() throws IOException {
    connections = 1;
    hub.fails(WEIGHTS, hub.endless(WEIGHTS));
    assertWhole(download("gpt2"));
  }

  @Test
  void aFullDiskIsSaidBeforeAnythingIsLoaded() {
    room = 300_000;
    String message = fails("gpt2");
    assertTrue(message.contains("0.4 MB") && message.contains("0.3 MB"), message);
    assertEquals(List.of(), hub.gets(WEIGHTS));
  }

  @Test
  void whatTheHubDoesNotHave() {
    assertTrue(fails("no/model").contains("no model no/model"));
    assertTrue(fails("gpt2@nope").contains("has no revision nope"));
    hub.close();
    String message = fails("gpt2");
    assertTrue(message.contains("cannot be reached"), message);
  }

  @Test
  void noWeightsThatCanBeRead() throws IOException {
    try (FakeHub other = new FakeHub("a/b")) {
      environment.put("HF_ENDPOINT", other.endpoint());
      other.file("config.json", CONFIG).file("pytorch_model.bin", "x");
      String message = fails("a/b");
      assertTrue(message.contains("no model.safetensors, only a pytorch_model.bin"), message);
      other.file(WEIGHTS, weights).file("config.json", "{\"model_type\":\"llama\"}");
      assertTrue(fails("a/b").contains("llama"));
      assertEquals(List.of(), other.gets(WEIGHTS));
    }
  }

  @Test
  void weightsInSeveralFiles() throws IOException {
    try (FakeHub other = new FakeHub("a/b")) {
      environment.put("HF_ENDPOINT", other.endpoint());
      other
          .file("config.json", CONFIG)
          .file("model-1.safetensors", weights)
          .file("model-2.safetensors", "second")
          .file(HubCache.INDEX, index("model-1.safetensors", "model-2.safetensors"));
      Path snapshot = download("a/b");
      assertEquals("second", Files.readString(snapshot.resolve("model-2.safetensors")));
      assertEquals(snapshot, new HubCache(folder.resolve("hub")).find(HubName.of("a/b")).get());
      Files.delete(snapshot.resolve("model-2.safetensors").toRealPath());
      assertTrue(new HubCache(folder.resolve("hub")).find(HubName.of("a/b")).isEmpty());
    }
  }

  private static String index(String first, String second) {
    return "{\"weight_map\": {\"a\": \"" + first + "\", \"b\": \"" + second + "\"}}";
  }

  @ParameterizedTest
  @ValueSource(strings = {"../../../evil.safetensors", "/evil.safetensors", "a/..", "x.bin", ".."})
  void anIndexNamesNeighboursOnly(String name) throws IOException {
    try (FakeHub other = new FakeHub("a/b")) {
      environment.put("HF_ENDPOINT", other.endpoint());
      other.file("config.json", CONFIG).file(HubCache.INDEX, index(name, "b.safetensors"));
      String message = fails("a/b");
      assertTrue(message.contains("weight_map") && message.contains(name), message);
    }
  }

  @Test
  void noSumNoFile() {
    hub.fails("/config.json", FakeHub.status(200, "ETag", "\"../../../x\"", "X-Linked-Size", "5"));
    assertTrue(fails("gpt2").contains("no sum"));
  }

  @Test
  void onlySafeAddressesAreFollowed() {
    hub.sendsTo("ftp://127.0.0.1/");
    assertTrue(fails("gpt2").contains("unsafe address"));
    hub.fails(
        "/revision/main",
        Stream.generate(
                () ->
                    FakeHub.status(302, "Location", "/api/models/" + REPOSITORY + "/revision/main"))
            .limit(20)
            .toArray(FakeHub.Fault[]::new));
    assertTrue(fails("gpt2").contains("without an end"));
  }

  @Test
  void offlineNothingIsConnectedTo() {
    environment.put("HF_HUB_OFFLINE", "1");
    assertTrue(fails("gpt2").contains("HF_HUB_OFFLINE"));
    assertEquals(List.of(), hub.seen());
  }

  @Test
  void twoDoNotLoadTheSame() throws Exception {
    hub.fails(
        WEIGHTS,
        (exchange, body) -> {
          // The first holds the lock until the second waits for it.
          for (int i = 0; i < 500 && waited.isEmpty(); i++) {
            try {
              Thread.sleep(10);
            } catch (InterruptedException e) {
              return;
            }
          }
          exchange.sendResponseHeaders(503, -1);
        });
    connections = 1;
    List<Path> ended = new CopyOnWriteArrayList<>();
    Thread first = Thread.ofVirtual().start(() -> ended.add(download("gpt2")));
    while (hub.gets(WEIGHTS).isEmpty()) {
      Thread.sleep(5);
    }
    Thread second = Thread.ofVirtual().start(() -> ended.add(download("gpt2")));
    first.join();
    second.join();
    assertEquals(2, ended.size());
    assertEquals(List.of(WEIGHTS), waited);
    assertEquals(2, hub.gets(WEIGHTS).size()); // the refused one, and its repetition
    assertWhole(ended.getFirst());
  }
}
