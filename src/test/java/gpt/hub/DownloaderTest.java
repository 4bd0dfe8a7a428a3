package gpt.hub;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Downloads from a server that behaves like the hub. */
class DownloaderTest extends DownloadTests {
  @Test
  void writesTheLayoutOfHuggingFacesCache() throws IOException {
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
    assertTrue(
        Files.exists(
            folder
                .resolve("hub/.locks/models--openai-community--gpt2")
                .resolve(FakeHub.sum(weights) + ".lock")));
    try (Stream<Path> files = Files.list(snapshot)) {
      assertEquals(3, files.count()); // no other weights, no page
    }
    assertTrue(
        Files.exists(model.resolve(".no_exist").resolve(FakeHub.COMMIT).resolve("merges.txt")));
    assertEquals(
        snapshot,
        new HubCache(folder.resolve("hub")).find(HubName.parse("gpt2").orElseThrow()).get());
    assertEquals(SIZE, checked.get(WEIGHTS));
    // Four ranges, each requested once.
    assertEquals(4, hub.gets(WEIGHTS).size());
    assertEquals(SIZE, asked());
    assertEquals(List.of(), pauses);
  }

  @Test
  void doesNotDownloadCachedFilesAgain() throws IOException {
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
  void acceptsARevisionWithSlashes() {
    Path snapshot = download("gpt2@refs/pr/1");
    assertEquals(
        snapshot,
        new HubCache(folder.resolve("hub"))
            .find(HubName.parse("gpt2@refs/pr/1").orElseThrow())
            .get());
  }

  @Test
  void sendsTheTokenToTheHubOnly() throws IOException {
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
  void sendsNoTokenAfterARedirectToAnotherServer() {
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
  void readsTheTokenFile() throws IOException {
    hub.gated("hf_file");
    Files.writeString(folder.resolve("token"), "hf_file\n");
    assertWhole(download("gpt2"));
  }

  @Test
  void resumesAClosedConnection() throws IOException {
    connections = 1;
    hub.fails(WEIGHTS, hub.cut(WEIGHTS, 150_001), hub.cut(WEIGHTS, 100_000));
    assertWhole(download("gpt2"));
    List<Long> asked = hub.gets(WEIGHTS).stream().map(DownloadTests::length).toList();
    assertEquals(3, asked.size());
    assertEquals(SIZE, asked.get(0));
    assertReceivedAlmost(150_001, asked.get(0) - asked.get(1));
    assertReceivedAlmost(100_000, asked.get(1) - asked.get(2));
  }

  private static void assertReceivedAlmost(long sent, long came) {
    assertTrue(came <= sent && came > sent - 20_000, came + " of " + sent);
  }

  @Test
  void finishesDespiteManyClosedConnections() throws IOException {
    connections = 1;
    FakeHub.Fault cut = hub.cut(WEIGHTS, 60_000);
    hub.fails(WEIGHTS, cut, cut, cut, cut, cut);
    assertWhole(download("gpt2"));
    assertEquals(5, pauses.size()); // more than attempts without progress
    assertTrue(pauses.stream().allMatch(p -> p.toMillis() <= 1000), pauses::toString);
  }

  @Test
  void aLaterDownloadResumes() throws IOException {
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
    room = SIZE - 1; // bytes on disk need no space
    assertWhole(download("gpt2"));
    assertReceivedAlmost(120_000 + CONFIG.length(), present);
    assertEquals(SIZE + CONFIG.length() - present, asked());
  }

  @Test
  void downloadsFromAServerWithoutRangeRequests() throws IOException {
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
  void reportsUnsupportedWeights() throws IOException {
    try (FakeHub other = new FakeHub("a/b")) {
      environment.put("HF_ENDPOINT", other.endpoint());
      other.file("config.json", CONFIG).file("pytorch_model.bin", "x");
      String message = fails("a/b");
      assertTrue(message.contains("found none, only a pytorch_model.bin"), message);
      other.file(WEIGHTS, weights).file("config.json", "{\"model_type\":\"llama\"}");
      assertTrue(fails("a/b").contains("llama"));
      assertEquals(List.of(), other.gets(WEIGHTS));
      assertFalse(Files.exists(folder.resolve("hub")));
    }
  }

  @Test
  void downloadsShardedWeights() throws IOException {
    try (FakeHub other = new FakeHub("a/b")) {
      environment.put("HF_ENDPOINT", other.endpoint());
      other
          .file("config.json", CONFIG)
          .file("model-1.safetensors", weights)
          .file("model-2.safetensors", "second")
          .file(HubCache.INDEX, index("model-1.safetensors", "model-2.safetensors"));
      Path snapshot = download("a/b");
      assertEquals("second", Files.readString(snapshot.resolve("model-2.safetensors")));
      assertEquals(
          snapshot,
          new HubCache(folder.resolve("hub")).find(HubName.parse("a/b").orElseThrow()).get());
      Files.delete(snapshot.resolve("model-2.safetensors").toRealPath());
      assertTrue(
          new HubCache(folder.resolve("hub")).find(HubName.parse("a/b").orElseThrow()).isEmpty());
    }
  }

  @Test
  void offlineMakesNoConnection() {
    environment.put("HF_HUB_OFFLINE", "1");
    assertTrue(fails("gpt2").contains("HF_HUB_OFFLINE"));
    assertEquals(List.of(), hub.seen());
  }

  @Test
  void twoDownloadsDoNotFetchTheSameFile() throws Exception {
    hub.fails(
        WEIGHTS,
        (exchange, body) -> {
          // The first holds the lock until the second waits for it.
          for (int i = 0; i < 4000 && waited.isEmpty(); i++) {
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
    assertEquals(2, hub.gets(WEIGHTS).size()); // the failed request and its repetition
    assertWhole(ended.getFirst());
  }
}
