package gpt.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import gpt.checkpoint.torch.PickleBuilder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import net.razorvine.pickle.Opcodes;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Checks the properties of {@link FuzzTarget} with handwritten files and files of the fuzzer. */
@Timeout(value = 5, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FuzzCorpusTest {
  @TempDir Path tmp;
  @TempDir Path scratch;

  @ParameterizedTest
  @EnumSource
  void seeds(FuzzReader reader) throws IOException {
    FuzzTarget target = new FuzzTarget(reader, tmp);
    List<Executable> checks = new ArrayList<>();
    for (Map.Entry<String, byte[]> seed : FuzzSeeds.of(reader, scratch).entrySet()) {
      String name = seed.getKey();
      checks.add(
          () -> {
            String refused = check(target, name, seed.getValue());
            if (name.startsWith(FuzzSeeds.VALID)) {
              assertNull(refused, name);
            } else if (name.startsWith(FuzzSeeds.ATTACK)) {
              assertNotNull(refused, name);
            }
          });
    }
    Assertions.assertAll(checks);
  }

  @ParameterizedTest
  @EnumSource
  void corpus(FuzzReader reader) throws IOException {
    FuzzTarget target = new FuzzTarget(reader, tmp);
    List<Executable> checks = new ArrayList<>();
    FuzzSeeds.corpus(reader).forEach((name, data) -> checks.add(() -> check(target, name, data)));
    assertFalse(checks.isEmpty());
    Assertions.assertAll(checks);
  }

  /** Each pickle opcode alone, and after values and a mark, with argument bytes. */
  @Test
  void everyOpcode() throws IOException {
    FuzzTarget target = new FuzzTarget(FuzzReader.META, tmp);
    List<Executable> checks = new ArrayList<>();
    for (int opcode = 0; opcode < 256; opcode++) {
      String name = "opcode " + opcode;
      byte[] alone = new PickleBuilder().op(opcode, -1, -1, -1, -1, -1, -1, -1, -1).stop();
      byte[] behind =
          new PickleBuilder()
              .value(Map.of())
              .value(List.of())
              .op(Opcodes.MARK)
              .value("module")
              .value("name")
              .value(new Object[] {1, "x"})
              .op(opcode, 0, 0, 0, 0, '\n', 0, 0, 0, '\n')
              .stop();
      checks.add(() -> check(target, name, alone));
      checks.add(() -> check(target, name, behind));
    }
    assertEquals(256 * 2, checks.size());
    Assertions.assertAll(checks);
  }

  private static String check(FuzzTarget target, String name, byte[] data) {
    try {
      return target.check(data);
    } catch (Throwable t) {
      throw new AssertionError(name + ": " + t, t);
    }
  }
}
