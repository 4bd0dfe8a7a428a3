package gpt.batch;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.GptException;
import gpt.server.api.ApiException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is kept of a file of answers that a killed process left behind. */
class AnswerFileTest {
  private static final int LINES = 3;

  @TempDir Path folder;

  private static byte[] answer(long line) {
    ApiException why = new ApiException(400, ApiException.INVALID, null, null, "line " + line);
    return Answer.of(new BatchInput.Line(line, new byte[0], 0), "id-" + line, why).json();
  }

  /** Three answers, in the gzip case three members. */
  private static byte[] file(boolean gzip) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int line = 1; line <= LINES; line++) {
      bytes.write(gzip ? GzipMembers.member(answer(line)) : answer(line));
    }
    return bytes.toByteArray();
  }

  private static byte[] content(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    return !BatchInput.isGzip(file)
        ? bytes
        : new GZIPInputStream(new ByteArrayInputStream(bytes)).readAllBytes();
  }

  @ParameterizedTest
  @ValueSource(strings = {"out.jsonl", "out.jsonl.gz"})
  void aFileCutWithinALineIsContinuedToTheSameContent(String name) throws IOException {
    byte[] whole = file(name.endsWith(".gz"));
    Path path = folder.resolve(name);
    Files.write(path, whole);
    byte[] expected = content(path);
    for (int length = whole.length; length >= 0; length -= length < 30 ? 1 : 7) {
      Files.write(path, Arrays.copyOf(whole, length));
      try (AnswerFile answers = AnswerFile.open(path)) {
        for (long line = answers.count() + 1; line <= LINES; line++) {
          assertEquals(0, answers.previous(line));
          answers.write(answer(line));
        }
        for (long line = 1; line <= answers.count(); line++) {
          assertEquals(Answer.fingerprint("id-" + line), answers.previous(line));
        }
        assertEquals(answers.count(), answers.errors());
      }
      assertArrayEquals(expected, content(path), "cut at " + length);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"out.jsonl", "out.jsonl.gz"})
  void aFileOfSomethingElseIsRefusedAndStaysAsItIs(String name) throws IOException {
    for (String text : new String[] {"my only copy", "{\"id\": 1}\n", "[]\n", "\n"}) {
      Path path = folder.resolve(name);
      byte[] bytes = text.getBytes(UTF_8);
      byte[] written = name.endsWith(".gz") ? GzipMembers.member(bytes) : bytes;
      for (byte[] each : new byte[][] {written, Arrays.copyOf(written, written.length - 1)}) {
        if (each.length > 0) {
          Files.write(path, each);
          GptException e = assertThrows(GptException.class, () -> AnswerFile.open(path));
          assertTrue(e.getMessage().contains("was not written by gpt batch"), e::getMessage);
          assertArrayEquals(each, Files.readAllBytes(path));
        }
      }
    }
  }

  @Test
  void damageBeforeTheEndIsNotTakenForATornTail() throws IOException {
    Path path = folder.resolve("out.jsonl.gz");
    byte[] bytes = file(true);
    bytes[40] ^= 1;
    Files.write(path, bytes);
    assertThrows(GptException.class, () -> AnswerFile.open(path));
    assertArrayEquals(bytes, Files.readAllBytes(path));
  }

  @Test
  void aFileThatIsBeingWrittenIsRefused() throws IOException {
    Path path = folder.resolve("out.jsonl");
    try (AnswerFile first = AnswerFile.open(path)) {
      first.write(answer(1));
      GptException e = assertThrows(GptException.class, () -> AnswerFile.open(path));
      assertTrue(e.getMessage().contains("another process writes it"), e::getMessage);
    }
    Files.write(path, answer(1), StandardOpenOption.APPEND);
    GptException twice = assertThrows(GptException.class, () -> AnswerFile.open(path));
    assertTrue(twice.getMessage().contains("answered twice"), twice::getMessage);
  }
}
