package gpt;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

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

/** Models by name, as a user has them: the jar, and a server that behaves like the hub. */
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
  void aNamedModelIsLoadedOnceAndRuns() throws IOException {
    gpt("info", "--model", "gpt2")
        .run()
        .failed(1, "--model gpt2", home.resolve("hub").toString(), "gpt download gpt2");
    gpt("--model", "no/model", "--prompt-ids", "1")
        .run()
        .failed(1, "no such file or folder", "gpt download no/model");
    assertEquals(List.of(), hub.seen()); // nobody asked for it
    Path snapshot = home.resolve(FOLDER).resolve("snapshots").resolve(FakeHub.COMMIT);
    Program.Result loaded = gpt("download", "gpt2").run().succeeded();
    assertEquals(snapshot + "\n", loaded.out());
    assertArrayEquals(weights, Files.readAllBytes(snapshot.resolve(WEIGHTS)));
    int requests = hub.seen().size();
    String text =
        gpt("--model", "gpt2", "--prompt-ids", "1", "-n", "4", "--greedy", "--quiet")
            .run()
            .succeeded()
            .out();
    assertEquals(
        gpt("--model", GOLDEN.toString(), "--prompt-ids", "1", "-n", "4", "--greedy", "--quiet")
            .run()
            .out(),
        text);
    gpt("info", "--model", "openai-community/gpt2")
        .environment("HF_HUB_OFFLINE", "1")
        .run()
        .succeeded();
    assertEquals(requests, hub.seen().size());
  }

  @Test
  void modelsListsWhatIsThere() throws IOException {
    assertTrue(gpt("models").run().succeeded().out().contains("gpt download gpt2"));
    gpt("download", "gpt2", "--quiet").run().succeeded();
    Path other = home.resolve("hub/models--meta--llama");
    Path snapshot = Files.createDirectories(other.resolve("snapshots").resolve("a".repeat(40)));
    Files.writeString(snapshot.resolve("config.json"), "{\"model_type\": \"llama\"}");
    List<String> lines = gpt("models").run().succeeded().out().lines().toList();
    assertTrue(
        lines.get(1).matches("meta/llama@a{40} +aaaaaaaa .*not a GPT-2: llama"), lines::toString);
    assertTrue(
        lines.get(2).matches("openai-community/gpt2 +01234567 .* kB  n_layer \\d+, .*, f32"),
        lines::toString);
    JsonObject json =
        JsonParser.parseString(gpt("models", "--json").run().succeeded().out()).getAsJsonObject();
    JsonObject gpt2 = json.getAsJsonArray("models").get(1).getAsJsonObject();
    assertEquals("openai-community/gpt2", gpt2.get("name").getAsString());
    assertEquals(FakeHub.COMMIT, gpt2.get("commit").getAsString());
    assertTrue(gpt2.get("complete").getAsBoolean() && gpt2.get("n_layer").getAsInt() > 0);
    assertTrue(gpt2.get("bytes").getAsLong() > weights.length);
  }

  @Test
  void downloadWithoutAsking() {
    hub.gated("hf_secret");
    gpt("info", "--model", "gpt2", "--download").run().failed(1, "HF_TOKEN");
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
  void offlineIsOffline() {
    gpt("download", "gpt2").environment("HF_HUB_OFFLINE", "1").run().failed(1, "HF_HUB_OFFLINE");
    gpt("--model", "gpt2", "--download", "--prompt-ids", "1")
        .environment("HF_HUB_OFFLINE", "1")
        .run()
        .failed(1, "HF_HUB_OFFLINE");
    assertEquals(List.of(), hub.seen());
  }

  @Test
  void aWrongName() {
    gpt("download", "../x").run().failed(2, "'../x'", "ORG/NAME");
    gpt("download").run().failed(2, "NAME");
    gpt("download", "gpt2@nope").run().failed(1, "has no revision nope");
  }

  @Test
  void ctrlCLeavesWhatIsLoadedForLater() throws Exception {
    // The first request stops in the middle until the process is gone.
    hub.fails(WEIGHTS, hub.stalled(WEIGHTS, 200_000));
    Process process = gpt("download", "gpt2").start();
    String sum = FakeHub.sum(weights);
    Path begun = home.resolve(FOLDER).resolve("blobs").resolve(sum + ".gpt.incomplete");
    hub.awaitStall();
    while (loaded(begun) < 190_000) { // in pieces of 64 KiB
      Thread.sleep(10);
    }
    new ProcessBuilder("kill", "-INT", String.valueOf(process.pid())).start().waitFor();
    assertEquals(130, process.waitFor());
    assertTrue(Files.exists(begun));
    assertFalse(blobs().contains(sum));
    assertTrue(gpt("models").run().succeeded().out().contains("incomplete: gpt download"));
    gpt("info", "--model", "gpt2").run().failed(1, "gpt download gpt2");
    gpt("download", "gpt2").run().succeeded();
    String range = hub.gets(WEIGHTS).getLast().range();
    assertTrue(Long.parseLong(range.replaceAll("\\D+(\\d+)-.*", "$1")) >= 190_000, range);
    assertArrayEquals(
        weights, Files.readAllBytes(home.resolve(FOLDER).resolve("blobs").resolve(sum)));
    assertEquals(2, blobs().size());
  }

  /** What stands behind the file's bytes: how far its only range has come. */
  private long loaded(Path begun) throws IOException {
    ByteBuffer done = ByteBuffer.allocate(Long.BYTES);
    try (FileChannel channel = FileChannel.open(begun)) {
      return channel.read(done, weights.length) < Long.BYTES ? 0 : done.getLong(0);
    }
  }

  @Test
  void twoAtOnceLoadItOnce() throws Exception {
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
    assertTrue(note.contains("another process loads " + WEIGHTS), note);
    assertEquals(1, hub.gets(WEIGHTS).size());
  }

  @Test
  void aTerminalIsAsked() throws Exception {
    for (String answer : List.of("n", "y")) {
      Program.Result result =
          gpt("info", "--model", "gpt2").onTerminal().input(answer + "\n").run();
      assertTrue(result.out().contains("Download it (about 548.0 MB) from"), result::toString);
      assertEquals(answer.equals("y") ? 0 : 1, result.status(), result::toString);
      assertEquals(answer.equals("y"), result.out().contains("n_layer"), result::toString);
    }
  }
}
