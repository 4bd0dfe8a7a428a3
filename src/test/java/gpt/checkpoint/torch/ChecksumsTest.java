package gpt.checkpoint.torch;

import static gpt.checkpoint.Faults.assertRefused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.GptException;
import gpt.backend.cpu.CpuEngine;
import gpt.backend.reference.ReferenceEngine;
import gpt.checkpoint.Checkpoint;
import gpt.checkpoint.CheckpointWriter;
import gpt.model.Precision;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The CRC-32 of each record of a ckpt.pt is checked before a model uses it. */
class ChecksumsTest {
  @TempDir Path tmp;
  private final TinyNanoGpt tiny = new TinyNanoGpt();

  /** Flips the lowest bit of a record's middle byte. */
  private static void flip(Path file, String record, int bytes) throws IOException {
    byte[] zip = Files.readAllBytes(file);
    int header =
        ByteBuffer.wrap(zip)
            .order(ByteOrder.LITTLE_ENDIAN)
            .getInt(TinyNanoGpt.directoryEntry(zip, record) + 42);
    int data = header + 30 + record.length();
    zip[data + bytes / 2] ^= 1;
    Files.write(file, zip);
  }

  @ParameterizedTest
  @CsvSource({"1, F32", "2, F32", "3, F32", "1, I8", "2, I8", "2, BF16"})
  void aFlippedBitIsAnErrorBeforeTheModelRuns(int threads, Precision precision) throws IOException {
    for (String key : tiny.records.keySet()) {
      Path file = tiny.write(tmp);
      String record = "ckpt/data/" + key;
      flip(file, record, tiny.records.get(key).length);
      try (Checkpoint c = Checkpoint.open(file)) {
        assertDamaged(
            file,
            record,
            () -> CpuEngine.open(c.config(), c.weights(), precision, threads, done -> {}).close());
        assertDamaged(file, record, () -> new ReferenceEngine(c.config(), c.weights()).close());
      }
    }
  }

  @Test
  void aDamagedModelIsNotExported() throws IOException {
    Path file = tiny.write(tmp);
    flip(file, "ckpt/data/4", tiny.records.get("4").length);
    try (Checkpoint c = Checkpoint.open(file)) {
      Path folder = tmp.resolve("hf");
      assertDamaged(file, "ckpt/data/4", () -> CheckpointWriter.write(c, folder));
      assertFalse(Files.exists(folder.resolve("model.safetensors")));
    }
  }

  private static void assertDamaged(Path file, String record, Executable use) {
    GptException e = assertThrows(GptException.class, use);
    String expected = file + ": record " + record + " is damaged: expected CRC-32 ";
    assertTrue(e.getMessage().startsWith(expected), e::getMessage);
    assertEquals(1, e.getMessage().lines().count());
  }

  @Test
  void aDamagedPickleIsNotRead() throws IOException {
    Path file = tiny.write(tmp);
    flip(file, "ckpt/data.pkl", tiny.pickle().length);
    assertRefused(file, "record ckpt/data.pkl is damaged");
  }

  @Test
  void aFileWithoutChecksumsGetsANote() throws IOException {
    Path file = tiny.write(tmp);
    try (Checkpoint c = Checkpoint.open(file)) {
      assertEquals(List.of(), c.notes());
    }
    Files.write(file, TinyNanoGpt.withoutChecksums(Files.readAllBytes(file)));
    flip(file, "ckpt/data/0", tiny.records.get("0").length);
    try (Checkpoint c = Checkpoint.open(file)) {
      assertEquals(1, c.notes().size());
      String note = c.notes().getFirst();
      assertTrue(note.startsWith(file + ": was written without CRC-32"), note);
      CpuEngine.open(c.config(), c.weights(), 2).close();
    }
  }

  /** A CRC-32 of 0 is checked like any other if other records have a CRC-32. */
  @Test
  void aChecksumOfZeroIsCheckedIfOthersAreNot0() throws IOException {
    Path file = tiny.write(tmp);
    byte[] zip = Files.readAllBytes(file);
    ByteBuffer.wrap(zip).putInt(TinyNanoGpt.directoryEntry(zip, "ckpt/data/0") + 16, 0);
    Files.write(file, zip);
    try (Checkpoint c = Checkpoint.open(file)) {
      assertDamaged(file, "ckpt/data/0", () -> CpuEngine.open(c.config(), c.weights(), 2).close());
    }
  }
}
