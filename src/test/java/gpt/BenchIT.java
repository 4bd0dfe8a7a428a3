package gpt;

import static gpt.cli.CommandLines.failed;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code gpt bench}, as a user runs it. The figures may be any, but must be consistent. */
class BenchIT {
  private static double number(JsonObject object, String name) {
    return object.get(name).getAsDouble();
  }

  @Test
  void jsonHasLlamaBenchsFields() {
    Program.Result run =
        Program.gpt(
                "bench",
                "-p",
                "8",
                "-n",
                "4",
                "-r",
                "3",
                "--no-warmup",
                "-o",
                "json",
                "-q",
                "--draft",
                "ngram")
            .run()
            .succeeded();
    assertEquals("", run.err());
    JsonArray all = JsonParser.parseString(run.out()).getAsJsonArray();
    assertEquals(3, all.size());
    JsonObject prompt = all.get(0).getAsJsonObject();
    JsonObject decode = all.get(1).getAsJsonObject();
    JsonObject drafted = all.get(2).getAsJsonObject();
    assertEquals("", decode.get("draft").getAsString());
    assertEquals("ngram", drafted.get("draft").getAsString());
    assertTrue(number(drafted, "n_drafts_right") <= number(drafted, "n_drafts"));
    assertTrue(number(drafted, "plain_avg_ts") > 0);
    assertTrue(number(drafted, "ratio_to_plain") > 0);
    assertEquals(8, number(prompt, "n_prompt"));
    assertEquals(0, number(prompt, "n_gen"));
    assertEquals(0, number(decode, "n_prompt"));
    assertEquals(4, number(decode, "n_gen"));
    for (JsonObject each : List.of(prompt, decode)) {
      assertEquals("cpu", each.get("device").getAsString());
      assertEquals("CPU", each.get("backends").getAsString());
      assertEquals("", each.get("gpu_info").getAsString());
      assertEquals(1, number(each, "seed"));
      assertEquals("f32", each.get("dtype").getAsString());
      assertEquals(2_731_200, number(each, "model_n_params"));
      assertEquals(3, each.getAsJsonArray("samples_ns").size());
      assertEquals(3, each.getAsJsonArray("samples_ts").size());
      double mean = 0;
      for (var sample : each.getAsJsonArray("samples_ts")) {
        mean += sample.getAsDouble() / 3;
      }
      assertEquals(mean, number(each, "avg_ts"), 1e-9 * mean);
      assertTrue(number(each, "stddev_ts") >= 0);
    }
    assertTrue(number(prompt, "ttft_ms") > 0);
    assertTrue(decode.get("ttft_ms").isJsonNull());
    assertTrue(prompt.get("share").isJsonNull());
    assertTrue(number(decode, "share") > 0);
    assertEquals(
        number(decode, "gb_per_s"),
        number(decode, "bytes_per_token") * number(decode, "avg_ts") / 1e9,
        1e-9 * number(decode, "gb_per_s"));
  }

  @Test
  void aTableHasARowForEachCombination() {
    Program.Result run =
        Program.gpt(
                "bench",
                "-p",
                "0,4",
                "-n",
                "2",
                "-pg",
                "3,2",
                "-r",
                "1",
                "--no-warmup",
                "--dtype",
                "f32,i8",
                "--threads",
                "1,2",
                "--device",
                "cpu")
            .environment("JDK_JAVA_OPTIONS", "-Duser.language=de -Duser.country=DE")
            .run()
            .succeeded();
    List<String> lines = run.out().lines().toList();
    assertEquals(2 + 3 * 4 + 1 + 4 + 1, lines.size(), run::toString);
    assertTrue(lines.get(0).contains("| t/s |") || lines.get(0).matches(".*\\| +t/s \\|.*"));
    for (String name : List.of(" pp4 ", " tg2 ", " pp3+tg2 ")) {
      assertEquals(4, lines.stream().filter(line -> line.contains(name)).count(), run::toString);
    }
    for (String line : lines.subList(2 + 12 + 1, lines.size() - 1)) {
      String probe = "bandwidth, reading with [12] threads? on .*: [0-9]+\\.[0-9] GB/s \\(.*\\)";
      assertTrue(line.matches(probe), line);
    }
    assertEquals("token ids drawn from seed 1", lines.getLast());
    int width = lines.get(0).length();
    assertTrue(lines.stream().limit(14).allMatch(line -> line.length() == width), run::toString);
  }

  @Test
  void sequencesAreDecodedTogether() {
    Program.Result run =
        Program.gpt("bench", "-p", "4", "-n", "2", "-npl", "1,3", "-r", "1", "--no-warmup", "-q")
            .run()
            .succeeded();
    for (String name : List.of(" pp4 ", " tg2 ", " tg2@3 ")) {
      assertEquals(1, run.out().lines().filter(line -> line.contains(name)).count(), run::toString);
    }
    failed(2, List.of("bench", "-npl", "0"), "-npl: must be from 1 to 1024, found 0");
  }

  /** Sampling runs on the device; its bandwidth is not measured. */
  @Test
  void theEmulatorIsTimedToo() {
    String model = "src/test/resources/golden/model-2-hf";
    Program.Result run =
        Program.gpt(
                "bench",
                "-m",
                model,
                "-p",
                "3",
                "-n",
                "2",
                "-r",
                "2",
                "--no-warmup",
                "--device",
                "emulator",
                "-o",
                "jsonl")
            .environment("JDK_JAVA_OPTIONS", "-Dgpt.emulator.orders=1")
            .run()
            .succeeded();
    List<String> lines = run.out().lines().toList();
    assertEquals(2, lines.size(), run::toString);
    for (String line : lines) {
      JsonObject json = JsonParser.parseString(line).getAsJsonObject();
      assertEquals("TornadoVM", json.get("backends").getAsString());
      assertEquals("emulator", json.get("gpu_info").getAsString());
      assertTrue(json.get("n_threads").isJsonNull(), line);
      assertTrue(json.get("probe_gb_per_s").isJsonNull(), line);
      assertTrue(json.get("share").isJsonNull(), line);
      assertEquals(2, json.getAsJsonArray("samples_ts").size());
      assertTrue(number(json, "avg_ts") > 0, line);
    }
  }

  @Test
  void csvHasOneHeader() {
    Program.Result run =
        Program.gpt("bench", "-p", "4", "-n", "2", "-r", "2", "--no-warmup", "-o", "csv", "-q")
            .run()
            .succeeded();
    List<String> lines = run.out().lines().toList();
    assertEquals(3, lines.size(), run::toString);
    int fields = lines.get(0).split(",").length;
    assertEquals(fields, lines.get(1).split(",", -1).length);
    assertFalse(lines.get(1).startsWith("version"));
  }

  @Test
  void mistakesAreReportedInOneLine() {
    failed(2, List.of("bench", "-p", "600"), "pp600: 600 tokens are more than", "256");
    failed(2, List.of("bench", "-pg", "200,100"), "pp200+tg100: 300 tokens are more", "256");
    String max = "2147483647";
    failed(2, List.of("bench", "-pg", max + "," + max), "4294967294 tokens are more", "256");
    failed(2, List.of("bench", "-n", "-1"), "--n-gen: must be 0 or more, found -1");
    failed(2, List.of("bench", "-p", "0", "-n", "0"), "nothing to time");
    failed(2, List.of("bench", "-pg", "3"), "-pg: expected two numbers as in 512,128, found '3'");
    failed(2, List.of("bench", "-r", "0"), "--repetitions: must be from 1 to");
    failed(2, List.of("bench", "--random", "gpt3"), "--random: expected gpt2, gpt2-medium");
    failed(2, List.of("bench", "--random", "gpt2", "-m", "x"), "--random", "--model");
    failed(2, List.of("bench", "--threads", "1,0"), "--threads: must be 1 or more, found 0");
    failed(2, List.of("bench", "-o", "xml"), "expected md or csv or json or jsonl");
  }

  @Test
  void benchGpuReportsWrongOptions() {
    List<List<String>> mistakes =
        List.of(
            List.of("unknown option '--fast'", "--fast"),
            List.of("--python: expected a value", "--python"),
            List.of("--device: expected gpu, tornado or", "--device", "cpu"),
            List.of("--shapes: expected gpt2, gpt2-medium", "--shapes", "gpt2,gpt3"),
            List.of("--dtypes: expected f32, f16 or i8, found 'bf16'", "--dtypes", "bf16"),
            List.of("--kernels: expected auto, gpu or cpu, found 'fast'", "--kernels", "fast"),
            List.of("-p, -n, -r and --minutes: expected a number, found 'x'", "-p", "x"));
    for (List<String> mistake : mistakes) {
      List<String> command =
          Stream.concat(
                  Stream.of(Program.ROOT.resolve("scripts/bench-gpu").toString()),
                  mistake.stream().skip(1))
              .toList();
      Program.Result run = Program.of(command.toArray(String[]::new)).run();
      assertEquals(2, run.status(), run::toString);
      assertEquals(1, run.err().lines().count(), run::toString);
      assertTrue(run.err().startsWith("bench-gpu: " + mistake.get(0)), run::toString);
    }
  }

  @Test
  void benchGpuNeedsADevice(@TempDir Path folder) {
    Map<List<String>, String> without =
        Map.of(
            List.of("--out", folder.toString()),
            "no TornadoVM device found; ./setup-tornado.sh installs TornadoVM",
            List.of("--bundle", folder.resolve("bundle.tar.xz").toString()),
            "a bundle needs an SDK of TornadoVM; ./setup-tornado.sh installs one");
    without.forEach(
        (options, message) -> {
          List<String> command = new ArrayList<>(options);
          command.addFirst(Program.ROOT.resolve("scripts/bench-gpu").toString());
          Program.Result run =
              Program.of(command.toArray(String[]::new))
                  .environment("TORNADOVM_HOME", folder.resolve("none").toString())
                  .environment("HOME", folder.toString())
                  .run();
          assertEquals(1, run.status(), run::toString);
          assertEquals("bench-gpu: " + message + "\n", run.err(), run::toString);
        });
  }
}
