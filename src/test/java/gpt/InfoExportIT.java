package gpt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code gpt info}, {@code gpt export}, {@code gpt make-random} and the help. */
class InfoExportIT {
  private static final String NANO = "src/test/resources/golden/model-1-nanogpt/ckpt.pt";

  @TempDir Path folder;

  @Test
  void infoCountsAsNanoGptDoes() {
    Program.Result text = Program.gpt("info").run().succeeded();
    // As nanoGPT's train.py prints for this model.
    assertTrue(text.out().contains("number of parameters: 2.68M"), text::toString);
    for (String part :
        List.of("wte", "wpe", "h.attn.c_attn", "ln_f", "lm_head", "characters, 65")) {
      assertTrue(text.out().contains(part), text::toString);
    }
    JsonObject json =
        JsonParser.parseString(Program.gpt("info", "--json").run().succeeded().out())
            .getAsJsonObject();
    long block =
        384 + (192 * 576 + 576) + (192 * 192 + 192) + 384 + (192 * 768 + 768) + (768 * 192 + 192);
    long expected = 65 * 192 + 6 * block + 384;
    assertEquals(expected, json.get("parameters_nanogpt").getAsLong());
    assertEquals(expected + 256 * 192, json.get("parameters_total").getAsLong());
    assertEquals("characters", json.get("tokenizer").getAsString());
    assertEquals("exact", json.get("gelu").getAsString());
  }

  @Test
  void anExportIsTheSameModel() {
    String out = folder.resolve("a folder/of mine").toString();
    Program.gpt("export", "--model", NANO, "--out", out).run().succeeded();
    String[] args = {"--prompt-ids", "1,2,3", "-n", "20", "-q", "--model"};
    assertEquals(
        Program.gpt(args(args, NANO)).run().succeeded().out(),
        Program.gpt(args(args, out)).run().succeeded().out());

    Program.gpt("export", "--model", NANO, "--out", out).run().failed(1, "--force");

    Program.Result demo =
        Program.gpt("export", "-q", "--out", folder.resolve("demo").toString()).run().succeeded();
    assertEquals(List.of(), demo.notes());
    String info = Program.gpt("info", "--model", folder.resolve("demo").toString()).run().out();
    assertTrue(info.contains("characters, 65"), info);
    Program.gpt("export", "--model", NANO, "--out", out, "--force").run().succeeded();
  }

  @Test
  void aGgufIsTheSameModel() {
    String out = folder.resolve("a folder/demo.gguf").toString();
    Program.gpt("export", "--model", "shakespeare-char", "--out", out).run().succeeded();
    String[] args = {"--prompt", "ROMEO:", "-n", "60", "--seed", "7", "-q", "--model"};
    assertEquals(
        Program.gpt(args(args, "shakespeare-char")).run().succeeded().out(),
        Program.gpt(args(args, out)).run().succeeded().out());
    Program.gpt("export", "--model", NANO, "--out", out)
        .run()
        .failed(1, "exists already", "--force");

    String half = folder.resolve("half.gguf").toString();
    String[] export = {"export", "--model", out, "--format", "gguf", "--dtype", "q8_0", "--out"};
    Program.gpt(args(export, half)).run().succeeded();
    String info = Program.gpt("info", "--model", half).run().succeeded().out();
    assertTrue(info.contains("gguf\n") && info.contains("q8_0, 3.1 MB"), info);
    assertTrue(info.contains("characters, 65"), info);

    Program.gpt(args(export, folder.toString())).run().failed(2, "must end in .gguf");
    String[] blocks = {"export", "--model", out, "--dtype", "q8_0", "--out"};
    Program.gpt(args(blocks, folder.toString())).run().failed(2, "--dtype q8_0", "--format gguf");
  }

  @Test
  void aRandomModelRuns() {
    String out = folder.resolve("random").toString();
    String[] make = {
      "make-random", "--like", "demo", "--seed", "3", "--dtype", "bf16", "--out", out
    };
    Program.gpt(make).run().succeeded();
    Program.gpt("--model", out, "--prompt", "ROMEO:", "-n", "5", "-q").run().succeeded();
    String info = Program.gpt("info", "--model", out).run().succeeded().out();
    assertTrue(info.contains("number of parameters: 2.68M") && info.contains("bf16"), info);
    Program.gpt(make).run().failed(1, "model.safetensors", "--force");
    Program.gpt(args(make, "--force")).run().succeeded();
    make[6] = "q8_0";
    Program.gpt(make).run().failed(2, "--dtype: expected f32, f16 or bf16");
    make[2] = "gpt2-tiny";
    make[6] = "f32";
    make[8] = folder.resolve("other").toString();
    Program.gpt(make).run().failed(1, "gpt2-tiny: no such file or folder");
  }

  @Test
  void anExportShadowsNoOtherModel() throws Exception {
    for (String file :
        List.of("ckpt.pt", "model.safetensors.index.json", "config.json", "characters.json")) {
      Path out = Files.createDirectories(folder.resolve("with " + file));
      Files.writeString(out.resolve(file), "{}");
      String[] export = {"export", "--model", NANO, "--out", out.toString()};
      Program.gpt(export).run().failed(1, file, "--force");
      assertFalse(Files.exists(out.resolve("model.safetensors")));
      Program.gpt(args(export, "--force")).run().succeeded();
    }
  }

  private static String[] args(String[] start, String last) {
    String[] all = Arrays.copyOf(start, start.length + 1);
    all[start.length] = last;
    return all;
  }

  @Test
  void everyHelpHasExamples() {
    for (String command :
        List.of(
            "generate",
            "next",
            "loss",
            "tokens",
            "attention",
            "info",
            "export",
            "make-random",
            "completion")) {
      Program.Result help = Program.jar(command, "--help").run().succeeded();
      assertTrue(help.out().startsWith("Usage: gpt " + command), help::toString);
      assertTrue(help.out().contains("Examples:"), help::toString);
      assertEquals(List.of(), help.notes());
    }
    Program.Result help = Program.jar("--help").run().succeeded();
    for (String part :
        List.of("generate", "loss", "info", "export", "completion", "--prompt", "Examples:")) {
      assertTrue(help.out().contains(part), help::toString);
    }
    Program.Result version = Program.jar("--version").run().succeeded();
    assertTrue(
        version.out().matches("gpt \\d[^\n]*\nJava \\d[^\n]*Vector API: yes\n"), version::toString);
  }
}
