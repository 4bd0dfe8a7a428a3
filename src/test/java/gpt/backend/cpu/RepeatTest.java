package gpt.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import gpt.backend.cpu.kernels.KernelBits;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Interpreted and compiled kernels give the same bits, so that a seed reproduces its text. */
class RepeatTest {
  @Test
  void compiledKernelsGiveTheBitsOfInterpretedOnes() throws Exception {
    assertEquals(bits(List.of("-Xint"), 1), bits(List.of("-Xbatch"), 20_000));
  }

  private static String bits(List<String> options, int rounds) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.addAll(List.of("--add-modules", "jdk.incubator.vector", "-cp"));
    command.add(System.getProperty("java.class.path"));
    command.addAll(List.of(KernelBits.class.getName(), Integer.toString(rounds)));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String out = new String(process.getInputStream().readAllBytes()).strip();
    assertEquals(0, process.waitFor(), command.toString());
    return out;
  }
}
