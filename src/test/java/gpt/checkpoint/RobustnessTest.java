package gpt.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import gpt.GptException;
import gpt.checkpoint.gguf.TinyGguf;
import gpt.checkpoint.huggingface.TinyHuggingFace;
import gpt.checkpoint.torch.PickleBuilder;
import gpt.checkpoint.torch.TinyNanoGpt;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Thousands of randomly damaged files load or give an error message of one line. */
class RobustnessTest {
  private static final int ROUNDS = 1000;
  private static final long SEED = 20240229;

  @TempDir Path tmp;

  /** Changes bytes, flips a bit, truncates the file, or repeats some bytes. */
  private static byte[] damage(byte[] good, Random random) {
    byte[] bad = good.clone();
    int at = random.nextInt(good.length);
    int n = 1 + random.nextInt(8);
    switch (random.nextInt(4)) {
      case 0 -> {
        for (int i = 0; i < n; i++) {
          bad[random.nextInt(bad.length)] = (byte) random.nextInt(256);
        }
      }
      case 1 -> bad[at] ^= (byte) (1 << random.nextInt(8));
      case 2 -> bad = Arrays.copyOf(bad, at);
      default -> {
        int from = Math.max(0, at - n);
        byte[] shifted = Arrays.copyOf(good, good.length + at - from);
        System.arraycopy(good, from, shifted, at, good.length - from);
        bad = shifted;
      }
    }
    return bad;
  }

  private interface FileWriter {
    void write(byte[] bytes) throws IOException;
  }

  private void loadsOrRefuses(Path model, byte[] good, FileWriter file) throws IOException {
    int refused = 0;
    for (int round = 0; round < ROUNDS; round++) {
      file.write(damage(good, new Random(SEED + round)));
      try (Checkpoint c = Checkpoint.open(model)) {
        c.weights().h().forEach(b -> b.mlp().cFc().weight().toArray());
        c.weights().lmHead().toArray();
      } catch (GptException e) {
        assertEquals(1, e.getMessage().lines().count(), e.getMessage());
        refused++;
      } catch (Throwable t) {
        fail("seed " + (SEED + round) + ": " + t, t);
      }
    }
    assertTrue(refused > ROUNDS / 10, "only " + refused + " of " + ROUNDS + " refused");
  }

  @Test
  void nanoGptZip() throws IOException {
    Path file = new TinyNanoGpt().write(tmp);
    loadsOrRefuses(tmp, Files.readAllBytes(file), bytes -> Files.write(file, bytes));
  }

  @Test
  void nanoGptPickle() throws IOException {
    TinyNanoGpt tiny = new TinyNanoGpt();
    loadsOrRefuses(tmp, tiny.pickle(), bytes -> tiny.write(tmp, bytes));
  }

  @Test
  void metaPickle() throws IOException {
    new TinyNanoGpt().write(tmp);
    byte[] meta = PickleBuilder.meta("a", "b", "c", "d", "e");
    loadsOrRefuses(tmp, meta, bytes -> Files.write(tmp.resolve("meta.pkl"), bytes));
  }

  @Test
  void safetensors() throws IOException {
    Path file = new TinyHuggingFace(tmp).file("model.safetensors");
    byte[] good = Files.readAllBytes(file);
    loadsOrRefuses(tmp.resolve("hf"), good, bytes -> Files.write(file, bytes));
  }

  @Test
  void gguf() throws IOException {
    Path file = new TinyGguf().write(tmp);
    loadsOrRefuses(file, Files.readAllBytes(file), bytes -> Files.write(file, bytes));
  }

  @Test
  void config() throws IOException {
    Path file = new TinyHuggingFace(tmp).file("config.json");
    byte[] good = Files.readAllBytes(file);
    loadsOrRefuses(tmp.resolve("hf"), good, bytes -> Files.write(file, bytes));
  }
}
