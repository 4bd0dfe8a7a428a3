package gpt.cli;

import static org.junit.jupiter.api.Assertions.assertFalse;

import com.google.gson.JsonArray;
import com.google.gson.JsonParser;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** All commands that run a model report NaN weights with the same message. */
class DamagedModelTest {
  private static final Path MODEL = Path.of("src/test/resources/golden/model-2-hf");

  @TempDir Path folder;

  @BeforeEach
  void damage() throws Exception {
    Files.copy(MODEL.resolve("config.json"), folder.resolve("config.json"));
    ByteBuffer file =
        ByteBuffer.wrap(Files.readAllBytes(MODEL.resolve("model.safetensors")))
            .order(ByteOrder.LITTLE_ENDIAN);
    int length = (int) file.getLong();
    String header = new String(file.array(), 8, length, StandardCharsets.UTF_8);
    JsonArray offsets =
        JsonParser.parseString(header)
            .getAsJsonObject()
            .getAsJsonObject("h.0.ln_1.weight")
            .getAsJsonArray("data_offsets");
    file.putFloat(8 + length + offsets.get(0).getAsInt(), Float.NaN);
    Files.write(folder.resolve("model.safetensors"), file.array());
  }

  private void failed(String... args) {
    List<String> all = new ArrayList<>(List.of(args));
    all.addAll(List.of("-q", "--model", folder.toString()));
    CommandLines.failed(
        1, all, "the model produced NaN logits; its weights are damaged or too large");
  }

  @Test
  void allCommandsReportNanLogits() throws Exception {
    Path ids = Files.writeString(folder.resolve("ids.txt"), "1,2,3");
    Path page = folder.resolve("attention.html");
    failed("generate", "--prompt-ids", "1,2,3");
    failed("generate", "--prompt-ids", "1,2,3", "--beams", "2");
    failed("next", "--prompt-ids", "1,2,3");
    failed("loss", "--ids-file", ids.toString());
    failed("attention", "--prompt-ids", "1,2,3");
    failed("attention", "--prompt-ids", "1,2,3", "--json");
    failed("attention", "--prompt-ids", "1,2,3", "--csv");
    failed("attention", "--prompt-ids", "1,2,3", "--plot", page.toString());
    failed("bench", "-p", "4", "-n", "0", "-r", "1", "--no-warmup");
    failed("bench", "-p", "0", "-n", "4", "-r", "1");
    assertFalse(Files.exists(page));
  }
}
