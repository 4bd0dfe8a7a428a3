package gpt.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.spark.launcher.JavaModuleOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The program for spark-submit on a cluster of two executors, in JVMs of their own. {@code
 * -Dgpt.spark.prompts=N} changes the number of prompts.
 */
class LocalClusterIT {
  private static final Path ROOT = Path.of(System.getProperty("gpt.root"));
  private static final Path TARGET = Path.of("target").toAbsolutePath();
  private static final Path MODEL = ROOT.resolve("weights/shakespeare-char");
  private static final int PROMPTS = Integer.getInteger("gpt.spark.prompts", 20_000);
  private static final int PARTITIONS = 20;
  private static final int KILLED_AFTER = 5; // tasks

  private static final String[] STARTS = {
    "ROMEO:", "JULIET:\n", "To be", "Now is the winter", "What", "First Citizen:\nWe", "O", "Come, "
  };

  @TempDir Path folder;

  private static Process start(Path log, List<String> command) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command);
    Map<String, String> environment = builder.environment();
    environment.put("JAVA_HOME", System.getProperty("java.home"));
    environment.put("SPARK_HOME", TARGET.resolve("spark-home").toString());
    environment.put("SPARK_SCALA_VERSION", System.getProperty("spark.scala"));
    environment.put("SPARK_LOCAL_IP", "127.0.0.1");
    return builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
  }

  private static List<String> java(String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin/java").toString());
    command.addAll(Arrays.asList(arguments));
    return command;
  }

  private Process submit(Path log, Path in, Path out) throws IOException {
    List<String> command = java(JavaModuleOptions.defaultModuleOptionArray());
    command.addAll(
        List.of(
            "-Xmx1g",
            "-cp",
            TARGET.resolve("spark-home/jars") + "/*",
            "org.apache.spark.deploy.SparkSubmit",
            "--master",
            "local-cluster[2,1,1024]",
            "--conf",
            "spark.executor.memory=1g",
            "--conf",
            "spark.ui.enabled=false",
            "--class",
            "gpt.spark.CompletionJob",
            TARGET.resolve("gpt-spark.jar").toString()));
    command.addAll(
        List.of(
            "--in",
            in.toString(),
            "--out",
            out.toString(),
            "--model",
            MODEL.toString(),
            "--query",
            "SELECT custom_id, prompt FROM input",
            "--id",
            "custom_id",
            "--request",
            "{\"max_tokens\": 2}",
            "--partitions",
            String.valueOf(PARTITIONS)));
    return start(log, command);
  }

  /** Retries of the killed executor's tasks change nothing: the rows are those of gpt batch. */
  @Test
  void completionsAreThoseOfGptBatchThoughAnExecutorIsKilled() throws Exception {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < PROMPTS; i++) {
      JsonObject line = new JsonObject();
      line.addProperty("custom_id", "p-" + i);
      line.addProperty("prompt", STARTS[i % STARTS.length]);
      line.addProperty("max_tokens", 2);
      line.addProperty("logprobs", 0);
      lines.add(line.toString());
    }
    Path in = Files.write(folder.resolve("prompts.jsonl"), lines);

    Path out = folder.resolve("completions.json");
    Path log = TARGET.resolve("spark-submit.log");
    Process driver = submit(log, in, out);
    try {
      while (driver.isAlive() && committed(out) < KILLED_AFTER) {
        Thread.sleep(50);
      }
      ProcessHandle executor =
          driver.descendants().filter(LocalClusterIT::isExecutor).findFirst().orElse(null);
      assertNotNull(executor, () -> "no executor runs; see " + log);
      assertTrue(committed(out) < PARTITIONS, "all tasks had ended before one could be killed");
      executor.destroyForcibly(); // kill -9
      assertEquals(0, driver.waitFor(), () -> "see " + log);
    } finally {
      driver.descendants().forEach(ProcessHandle::destroyForcibly);
      driver.destroyForcibly();
    }
    assertTrue(Files.readString(log).contains("Lost executor"), () -> "see " + log);

    Path answers = folder.resolve("answers.jsonl");
    Path jar = ROOT.resolve("target/gpt.jar");
    Process batch =
        start(
            TARGET.resolve("gpt-batch.log"),
            java(
                "--add-modules=jdk.incubator.vector",
                "-jar",
                jar.toString(),
                "batch",
                in.toString(),
                "--out",
                answers.toString(),
                "--model",
                MODEL.toString()));
    assertEquals(0, batch.waitFor(), () -> "see " + TARGET.resolve("gpt-batch.log"));
    Map<String, String> expected = new TreeMap<>();
    for (String line : Files.readAllLines(answers)) {
      JsonObject answer = JsonParser.parseString(line).getAsJsonObject();
      JsonObject choice =
          answer
              .getAsJsonObject("response")
              .getAsJsonObject("body")
              .getAsJsonArray("choices")
              .get(0)
              .getAsJsonObject();
      JsonElement logprobs = choice.getAsJsonObject("logprobs").get("token_logprobs");
      put(expected, answer, choice, logprobs, choice.get("finish_reason"));
    }
    Map<String, String> found = new TreeMap<>();
    try (Stream<Path> parts = Files.list(out)) {
      for (Path part : parts.filter(p -> p.toString().endsWith(".json")).toList()) {
        for (String line : Files.readAllLines(part)) {
          JsonObject row = JsonParser.parseString(line).getAsJsonObject();
          put(found, row, row, row.get("token_logprobs"), row.get("stop_reason"));
        }
      }
    }
    assertEquals(PROMPTS, expected.size());
    Map<String, String> wrong = new HashMap<>(found);
    wrong.entrySet().removeAll(expected.entrySet());
    assertTrue(wrong.isEmpty(), () -> wrong.size() + " rows differ, such as " + first(wrong));
    assertEquals(expected.size(), found.size());
  }

  private static String first(Map<String, String> rows) {
    return rows.entrySet().iterator().next().toString();
  }

  private static void put(
      Map<String, String> all,
      JsonObject id,
      JsonObject completion,
      JsonElement logprobs,
      JsonElement why) {
    String key = id.get("custom_id").getAsString();
    String value =
        completion.get("text") + " " + completion.get("ids") + " " + logprobs + " " + why;
    assertEquals(null, all.put(key, value), () -> key + " is there twice");
  }

  private static boolean isExecutor(ProcessHandle process) {
    return process.info().commandLine().orElse("").contains("CoarseGrainedExecutorBackend");
  }

  /** Tasks whose part of the output is final. */
  private static long committed(Path out) throws IOException {
    Path tasks = out.resolve("_temporary/0");
    if (!Files.isDirectory(tasks)) {
      return 0;
    }
    try (Stream<Path> all = Files.list(tasks)) {
      return all.filter(task -> task.getFileName().toString().startsWith("task_")).count();
    }
  }
}
