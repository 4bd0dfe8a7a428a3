package gpt;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code gpt batch} as a process that is killed, and its streams. */
class BatchIT {
  private static final int LINES = 16;

  @TempDir Path folder;

  /** Requests of different lengths, whose answers are long enough for several members of gzip. */
  private Path requests() throws IOException {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < LINES; i++) {
      lines.add(
          "{\"custom_id\": \"line-%d\", \"prompt\": \"ROMEO:\", \"max_tokens\": %d, \"logprobs\": 20}"
              .formatted(i, 4 + i * 7 % 16));
    }
    return Files.write(folder.resolve("prompts.jsonl"), lines);
  }

  private static Program batch(Path in, Path out) {
    return Program.gpt("batch", in.toString(), "--out", out.toString(), "--parallel", "4");
  }

  @Test
  @Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void aRunThatIsKilledAgainAndAgainWritesTheSameBytes() throws Exception {
    long seed = System.nanoTime();
    System.out.println("BatchIT: seed " + seed);
    Random random = new Random(seed);
    Path in = requests();
    Path whole = folder.resolve("whole.jsonl");
    batch(in, whole).run().succeeded();
    assertEquals(LINES, Files.readAllLines(whole).size());
    for (String name : List.of("killed.jsonl", "killed.jsonl.gz")) {
      Path out = folder.resolve(name);
      long size = Files.size(whole) / (name.endsWith(".gz") ? 8 : 1); // as compressed, about
      int killed = 0;
      int most = name.endsWith(".gz") ? 1 : 2;
      while (killed < most && kill(in, out, random.nextLong(size / 3))) {
        killed++;
      }
      assertTrue(killed > 0, "no run was killed");
      batch(in, out).run().succeeded();
      byte[] found =
          name.endsWith(".gz")
              ? new GZIPInputStream(Files.newInputStream(out)).readAllBytes()
              : Files.readAllBytes(out);
      assertArrayEquals(Files.readAllBytes(whole), found, name);
    }
  }

  /** Kills a run after it has written some bytes; returns false if it ended before. */
  private static boolean kill(Path in, Path out, long bytes) throws Exception {
    long before = size(out);
    Program program = batch(in, out);
    Process process = program.start();
    while (process.isAlive() && size(out) <= before + bytes) {
      Thread.sleep(1);
    }
    boolean running = process.isAlive();
    process.toHandle().destroyForcibly();
    program.await(process);
    return running;
  }

  private static long size(Path file) throws IOException {
    return Files.exists(file) ? Files.size(file) : 0;
  }

  @Test
  void standardStreamsAndTheExitStatusOfErrors() {
    Program.Result result =
        Program.gpt("batch", "-", "--quiet")
            .input("{\"prompt\": \"A\", \"max_tokens\": 1}\n{\"prompt\": 1}")
            .run();
    assertEquals(1, result.status(), result::toString);
    assertEquals(2, result.out().lines().count(), result::toString);
    assertTrue(result.out().contains("prompt must be a string"), result::toString);
    assertTrue(result.notes().isEmpty(), result::toString);
  }
}
