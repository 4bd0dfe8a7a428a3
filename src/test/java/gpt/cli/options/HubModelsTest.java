package gpt.cli.options;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import gpt.GptException;
import gpt.cli.CommandLines;
import gpt.cli.commands.ModelsCommand;
import gpt.hub.FakeHub;
import gpt.hub.HubName;
import gpt.hub.HubSettings;
import gpt.load.HubModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HubModelsTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden/model-0-hf");

  @TempDir Path home;

  private final Map<String, String> environment = new HashMap<>();
  private FakeHub hub;

  @BeforeEach
  void start() throws IOException {
    hub = new FakeHub("openai-community/gpt2");
    for (String file : List.of("config.json", "model.safetensors")) {
      hub.file(file, Files.readAllBytes(GOLDEN.resolve(file)));
    }
    environment.put("HF_ENDPOINT", hub.endpoint());
    environment.put("HF_HOME", home.toString());
  }

  @AfterEach
  void stop() {
    hub.close();
  }

  private Path take(String name, boolean download) {
    HubSettings settings = HubSettings.of(environment, home);
    return new HubModels(settings)
        .take(
            "--model",
            HubName.parse(name).orElseThrow(),
            "--download",
            question -> download,
            missing -> DownloadOption.download(missing, settings, false));
  }

  private void fails(String name, boolean download, String... parts) {
    String message = assertThrows(GptException.class, () -> take(name, download)).getMessage();
    for (String part : parts) {
      assertTrue(message.contains(part), () -> "no '" + part + "' in " + message);
    }
    assertFalse(message.contains("\n"), message);
    assertEquals(List.of(), hub.seen());
  }

  @Test
  void aMissingModelIsReportedWithoutANetworkRequest() {
    String cache = home.resolve("hub").toString();
    fails("gpt2", false, "--model gpt2: not in", cache, "; download it (about 548");
    fails("no/model@v1", false, "no such file or folder, and not in", "gpt download no/model@v1");
    environment.put("HF_HUB_OFFLINE", "1");
    fails("gpt2", true, cache, "unset HF_HUB_OFFLINE", "gpt download gpt2");
  }

  @Test
  void aCachedModelNeedsNoRequest() {
    Path folder = take("gpt2", true);
    int requests = hub.seen().size();
    environment.put("HF_HUB_OFFLINE", "1");
    assertEquals(folder, take("openai-community/gpt2", false));
    assertEquals(folder, take("gpt2@" + FakeHub.COMMIT, true));
    assertEquals(requests, hub.seen().size());
  }

  @Test
  void theListHasEachModelsState() throws IOException {
    Path cache = home.resolve("hub");
    assertEquals(
        "no models in " + cache + "; gpt download gpt2 downloads one\n",
        ModelsCommand.toText(cache));
    take("gpt2", true);
    Files.writeString(other("meta--llama").resolve("config.json"), "{\"model_type\": \"llama\"}");
    Files.writeString(other("a--begun").resolve("config.json"), "{\"model_type\": \"gpt2\"}");
    Files.write(
        Files.createDirectories(cache.resolve("models--a--begun/blobs")).resolve("1.incomplete"),
        new byte[5000]);
    Files.createDirectories(cache.resolve("models--b--nothing/blobs"));
    Files.createFile(cache.resolve("models--b--nothing/blobs/2.gpt.incomplete"));
    List<String> lines = ModelsCommand.toText(cache).lines().toList();
    assertTrue(lines.get(0).matches("model +commit +size +shape"), lines::toString);
    assertTrue(
        lines
            .get(1)
            .matches("a/begun@a{40} +a{8} +5.0 kB  incomplete: run gpt download again to resume"),
        lines::toString);
    assertTrue(lines.get(2).matches("b/nothing .* 0.0 kB  incomplete: .*"), lines::toString);
    assertTrue(
        lines.get(3).matches("meta/llama@a{40} +a{8} .* 0.0 kB  not a GPT-2: llama"),
        lines::toString);
    assertTrue(
        lines.get(4).matches("openai-community/gpt2 +01234567 .* kB  n_layer \\d+, .*, f32"),
        lines::toString);
    assertEquals("in " + cache, lines.getLast());
    JsonObject json = ModelsCommand.toJson(cache);
    JsonObject begun = json.getAsJsonArray("models").get(0).getAsJsonObject();
    assertFalse(begun.get("complete").getAsBoolean() || begun.get("runs").getAsBoolean());
    JsonObject gpt2 = json.getAsJsonArray("models").get(3).getAsJsonObject();
    assertEquals("[\"main\"]", gpt2.get("revisions").toString());
    assertEquals(FakeHub.COMMIT, gpt2.get("commit").getAsString());
    assertTrue(gpt2.get("bytes").getAsLong() > Files.size(GOLDEN.resolve("model.safetensors")));
  }

  private Path other(String name) throws IOException {
    return Files.createDirectories(
        home.resolve("hub/models--" + name + "/snapshots").resolve("a".repeat(40)));
  }

  @Test
  void wrongNamesAreRefused() {
    CommandLines.failed(2, List.of("download", "../x"), "'../x'", "ORG/NAME");
    CommandLines.failed(2, List.of("download", "gpt2@../x"), "ORG/NAME[@REVISION]");
    CommandLines.failed(2, List.of("download"), "NAME");
    CommandLines.failed(1, List.of("info", "--model", "nope", "--download"), "nope", "weights");
  }
}
