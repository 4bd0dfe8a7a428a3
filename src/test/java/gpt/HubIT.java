package gpt;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import gpt.hub.FakeHub;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Hugging Face models by name: the jar, and a local server that behaves like the hub. */
class HubIT {
  private static final Path GOLDEN = Path.of("src/test/resources/golden/model-0-hf");
  private static final String WEIGHTS = "model.safetensors";
  private static final String FOLDER = "hub/models--openai-community--gpt2";

  @TempDir Path home;

  private byte[] weights;
  private FakeHub hub;

  @BeforeEach
  void start() throws IOException {
    weights = Files.readAllBytes(GOLDEN.resolve(WEIGHTS));
    hub =
        new FakeHub("openai-community/gpt2")
            .file("config.json", Files.readAllBytes(GOLDEN.resolve("config.json")))
            .file(WEIGHTS, weights);
  }

  @AfterEach
  void stop() {
    hub.close();
  }

  private Program gpt(String... args) {
    Program program = Program.jar(args);
    for (String other :
        List.of(
            "HF_HUB_CACHE",
            "HUGGINGFACE_HUB_CACHE",
            "HF_TOKEN",
            "HF_HUB_OFFLINE",
            "HTTP_PROXY",
            "http_proxy",
            "ALL_PROXY",
            "all_proxy",
            "TRANSFORMERS_OFFLINE")) {
      program.environment(other, null);
    }
    return program
        .environment("HF_HOME", home.toString())
        .environment("HF_ENDPOINT", hub.endpoint());
  }

  private List<String> blobs() throws IOException {
    try (Stream<Path> files = Files.list(home.resolve(FOLDER).resolve("blobs"))) {
      return files.map(f -> f.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void aModelIsDownloadedOnceAndRunsAndIsListed() throws IOException {
    gpt("info", "--model", "gpt2")
        .run()
        .failed(1, "--model gpt2", home.resolve("hub").toString(), "gpt download gpt2");
    assertEquals(List.of(), hub.seen()); // no download without --download
    Path snapshot = home.resolve(FOLDER).resolve("snapshots").resolve(FakeHub.COMMIT);
    Program.Result loaded = gpt("download", "gpt2").run().succeeded();
    assertEquals(snapshot + "\n", loaded.out());
    assertArrayEquals(weights, Files.readAllBytes(snapshot.resolve(WEIGHTS)));
    int requests = hub.seen().size();
    String ids =
        gpt("--model", "openai-community/gpt2", "--prompt-ids", "1", "-n", "4", "--quiet")
            .environment("HF_HUB_OFFLINE", "1")
            .run()
            .succeeded()
            .out();
    assertTrue(ids.matches("\\d+( \\d+)+\n"), ids);
    JsonObject json =
        JsonParser.parseString(gpt("models", "--json").run().succeeded().out()).getAsJsonObject();
    assertEquals(home.resolve("hub").toString(), json.get("cache").getAsString());
    JsonObject gpt2 = json.getAsJsonArray("models").get(0).getAsJsonObject();
    assertEquals("openai-community/gpt2", gpt2.get("name").getAsString());
    assertTrue(gpt2.get("complete").getAsBoolean() && gpt2.get("n_layer").getAsInt() > 0);
    assertEquals(requests, hub.seen().size());
  }

  @Test
  void theOptionDownloadsWithoutAsking() {
    hub.gated("hf_secret");
    Program.Result result =
        gpt("info", "--model", "gpt2", "--download")
            .environment("HF_TOKEN", "hf_secret")
            .run()
            .succeeded();
    assertTrue(result.out().contains("n_layer"), result::toString);
    assertFalse(result.err().contains("hf_secret"));
    assertTrue(hub.seen().stream().filter(s -> !s.hub()).allMatch(s -> s.authorization() == null));
  }

  @Test
  void aDownloadResumesAfterCtrlC() throws Exception {
    // The server stalls in the middle of the first request until the process has exited.
    hub.fails(WEIGHTS, hub.stalled(WEIGHTS, 200_000));
    Process process = gpt("download", "gpt2").withDefaultInterrupts().start();
    String sum = FakeHub.sum(weights);
    Path partial = home.resolve(FOLDER).resolve("blobs").resolve(sum + ".gpt.incomplete");
    hub.awaitStall();
    while (loaded(partial) < 190_000) { // in pieces of 64 KiB
      assertTrue(process.isAlive());
      Thread.sleep(10);
    }
    new ProcessBuilder("kill", "-INT", String.valueOf(process.pid())).start().waitFor();
    assertEquals(130, process.waitFor());
    assertTrue(Files.exists(partial));
    assertFalse(blobs().contains(sum));
    gpt("download", "gpt2").run().succeeded();
    String range = hub.gets(WEIGHTS).getLast().range();
    assertTrue(Long.parseLong(range.replaceAll("\\D+(\\d+)-.*", "$1")) >= 190_000, range);
    assertArrayEquals(
        weights, Files.readAllBytes(home.resolve(FOLDER).resolve("blobs").resolve(sum)));
    assertEquals(2, blobs().size());
  }

  /** The bytes downloaded so far, which the partial file stores after its content. */
  private long loaded(Path partial) throws IOException {
    ByteBuffer done = ByteBuffer.allocate(Long.BYTES);
    try (FileChannel channel = FileChannel.open(partial)) {
      return channel.read(done, weights.length) < Long.BYTES ? 0 : done.getLong(0);
    }
  }

  @Test
  void twoProcessesDownloadAModelOnce() throws Exception {
    CompletableFuture<Void> both = new CompletableFuture<>();
    hub.fails(WEIGHTS, hub.heldBack(WEIGHTS, both));
    Process first = gpt("download", "gpt2").start();
    while (hub.gets(WEIGHTS).isEmpty()) {
      assertTrue(first.isAlive());
      Thread.sleep(10);
    }
    Process second = gpt("download", "gpt2").start();
    String note = new String(second.getErrorStream().readNBytes(1));
    for (int c = second.getErrorStream().read(); c >= 0; c = second.getErrorStream().read()) {
      note += (char) c;
      if (note.contains("waiting")) {
        both.complete(null);
      }
    }
    assertEquals(0, first.waitFor());
    assertEquals(0, second.waitFor());
    assertTrue(note.contains("another process is downloading " + WEIGHTS), note);
    assertEquals(1, hub.gets(WEIGHTS).size());
    assertEquals(2, blobs().size());
    assertArrayEquals(
        weights,
        Files.readAllBytes(home.resolve(FOLDER).resolve("blobs").resolve(FakeHub.sum(weights))));
  }

  @Test
  void aTerminalsUserIsAskedBeforeADownload() throws Exception {
    assumeTrue(
        Program.hasTerminal(),
        "no script(1) here, which makes a terminal: apt-get install bsdutils");
    for (String answer : List.of("n\n", "", "y\n")) { // "": end of input
      Program.Result result = gpt("info", "--model", "gpt2").onTerminal().input(answer).run();
      String text = result.out();
      boolean yes = answer.startsWith("y");
      assertTrue(text.contains("Download it (about 548.0 MB) from " + hub.endpoint()), text);
      assertEquals(yes ? 0 : 1, result.status(), text);
      assertEquals(yes, text.contains("n_layer"), text);
      // The advice is on a line of its own, even if no answer ended the question's line.
      assertEquals(
          !yes,
          text.lines().anyMatch(l -> l.matches("gpt: .*; download it .*with gpt download gpt2.*")),
          text);
      assertEquals(yes, !hub.seen().isEmpty(), text);
    }
  }
}
