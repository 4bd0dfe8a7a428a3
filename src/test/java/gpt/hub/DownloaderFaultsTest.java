package gpt.hub;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Downloads from a server with faults. */
class DownloaderFaultsTest extends DownloadTests {
  @Test
  void pausesDoubleOrFollowRetryAfter() throws IOException {
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
  void failsIfRetryAfterIsAnHour() {
    hub.fails("/revision/main", FakeHub.status(429, "Retry-After", "3600"));
    String message = fails("gpt2");
    assertTrue(message.contains("3600 s"), message);
    assertEquals(List.of(), pauses);
  }

  @Test
  void requestsANewUrlAfterASignedOneExpired() throws IOException {
    connections = 1;
    hub.fails(WEIGHTS, FakeHub.status(403));
    assertWhole(download("gpt2"));
    assertEquals(3, hub.seen().stream().filter(s -> s.hub() && s.path().endsWith(WEIGHTS)).count());
  }

  @Test
  void closesASlowConnection() throws IOException {
    silence = Duration.ofMillis(300);
    connections = 1;
    hub.fails(WEIGHTS, hub.drip(WEIGHTS, 1000));
    assertWhole(download("gpt2"));
    assertEquals(1, pauses.size());
    assertTrue(asked() < 2L * SIZE - 1000, "not from the start again: " + asked());
  }

  @Test
  void deletesFilesWithAWrongChecksum() throws IOException {
    connections = 1;
    hub.fails(WEIGHTS, hub.wrong(WEIGHTS));
    String message = fails("gpt2");
    assertTrue(message.contains(FakeHub.sum(weights)), message);
    try (Stream<Path> files = Files.list(blobs())) {
      assertEquals(1, files.count()); // the config
    }
    // Small files have another kind of checksum, which is verified as well.
    hub.close();
    hub = new FakeHub("a/b").file("config.json", CONFIG).file(WEIGHTS, weights);
    environment.put("HF_ENDPOINT", hub.endpoint());
    hub.fails(
        "/resolve/" + FakeHub.COMMIT + "/config.json",
        FakeHub.content(CONFIG), // read to check the model's type
        FakeHub.status(
            200, "ETag", "\"" + FakeHub.sum(CONFIG.getBytes(UTF_8)) + "\"", "X-Linked-Size", "22"),
        hub.wrong("config.json"));
    String small = fails("a/b");
    assertTrue(small.contains("config.json") && small.contains("sum"), small);
  }

  @Test
  void startsAgainAfterACorruptPartialFile() throws IOException {
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
  void writesNoMoreBytesThanTheHubAnnounced() throws IOException {
    connections = 1;
    hub.fails(WEIGHTS, hub.endless(WEIGHTS));
    assertWhole(download("gpt2"));
  }

  @Test
  void reportsAFullDiskBeforeTheDownload() {
    room = 300_000;
    String message = fails("gpt2");
    assertTrue(message.contains("400.0 kB") && message.contains("300.0 kB"), message);
    assertEquals(List.of(), hub.gets(WEIGHTS));
    assertFalse(Files.exists(folder.resolve("hub")));
  }

  @Test
  void reportsAFolderThatCannotBeCreated() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "");
    environment.put("HF_HUB_CACHE", file.resolve("hub").toString());
    String message = fails("gpt2");
    assertTrue(message.contains(file.resolve("hub") + ": cannot write to it: "), message);
    assertTrue(message.contains("set HF_HUB_CACHE to another"), message);
    assertEquals(0, planned); // reported when the download begins
    assertEquals(List.of(), hub.gets(WEIGHTS));
  }

  @Test
  void reportsMissingModelsAndRevisions() {
    assertTrue(fails("no/model").contains("no model no/model"));
    assertTrue(fails("gpt2@nope").contains("has no revision nope"));
    hub.close();
    String message = fails("gpt2");
    assertTrue(message.contains("cannot connect"), message);
  }

  @ParameterizedTest
  @ValueSource(strings = {"../../../evil.safetensors", "/evil.safetensors", "a/..", "x.bin", ".."})
  void rejectsAnIndexThatListsOtherFolders(String name) throws IOException {
    try (FakeHub other = new FakeHub("a/b")) {
      environment.put("HF_ENDPOINT", other.endpoint());
      other.file("config.json", CONFIG).file(HubCache.INDEX, index(name, "b.safetensors"));
      String message = fails("a/b");
      assertTrue(message.contains("weight_map") && message.contains(name), message);
    }
  }

  @Test
  void rejectsAFileWithoutChecksum() {
    hub.fails(
        "/config.json",
        FakeHub.content(CONFIG),
        FakeHub.status(200, "ETag", "\"../../../x\"", "X-Linked-Size", "5"));
    assertTrue(fails("gpt2").contains("no size or checksum"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"bytes 5-399999/400000", "bytes 0-399999/400001", "bytes */400000", ""})
  void rejectsARangeThatWasNotRequested(String range) {
    connections = 1;
    hub.fails(WEIGHTS, FakeHub.status(206, "Content-Range", range));
    String message = fails("gpt2");
    assertTrue(message.contains("206 and '" + range + "' to a request for bytes from 0"), message);
  }

  @Test
  void rejectsALengthThatTheHubDidNotAnnounce() {
    connections = 1;
    hub.fails(WEIGHTS, FakeHub.content("an error page"));
    String message = fails("gpt2");
    assertTrue(message.contains("200 and 13 bytes; expected 400000"), message);
  }

  @Test
  void rejectsInsecureRedirects() {
    hub.sendsTo("ftp://127.0.0.1/");
    assertTrue(fails("gpt2").contains("insecure URL"));
    hub.fails(
        "/revision/main",
        Stream.generate(
                () ->
                    FakeHub.status(302, "Location", "/api/models/" + REPOSITORY + "/revision/main"))
            .limit(20)
            .toArray(FakeHub.Fault[]::new));
    assertTrue(fails("gpt2").contains("redirects"));
  }
}
