package gpt.kernels;

import gpt.GptException;
import gpt.backend.tornado.TornadoDevices;
import gpt.kernels.runtime.Version;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;

/** The source that TornadoVM generates for a kernel, and the registers that it takes. */
final class GeneratedCode {
  /** The GPU that registers are counted for: NVIDIA's H100. */
  static final String ARCHITECTURE = "sm_90";

  private static final Pattern REGISTERS = Pattern.compile("Used (\\d+) registers");
  private static final Pattern SPILLS = Pattern.compile("(\\d+) bytes spill stores");

  /** Arrays of a work item that did not become registers are on the stack, in global memory. */
  private static final Pattern STACK = Pattern.compile("(\\d+) bytes stack frame");

  private final Path file;

  /** Has TornadoVM keep its sources; call it before TornadoVM is used. */
  GeneratedCode() throws IOException {
    file = Files.createTempFile("kernel", ".txt");
    System.setProperty("tornado.printKernel", "True");
    System.setProperty("tornado.print.kernel.dir", file.toString());
  }

  /** Compiles a version for a device and returns its source, in OpenCL C, PTX or CUDA C. */
  <A> String of(KernelCase<A> test, Version<A> version, TornadoDevices.Device device)
      throws Exception {
    if (device.isEmulator()) {
      throw new GptException(
          "the emulator generates no source; install a TornadoVM SDK (./setup-tornado.sh)");
    }
    try (TornadoExecutionPlan plan = test.timed(version, device.handle())) {
      plan.withPreCompilation();
    }
    String source = Files.readString(file).strip();
    Files.delete(file);
    return source;
  }

  /** Registers of a source, counted by ptxas; empty if it is not PTX or CUDA C. */
  static Optional<String> registers(String source, TornadoDevices.Device device)
      throws IOException, InterruptedException {
    Path folder = Files.createTempDirectory("kernel");
    List<String> command = new ArrayList<>();
    Path input = folder.resolve("kernel." + (device.backend().equals("ptx") ? "ptx" : "cu"));
    switch (device.backend()) {
      case "ptx" -> command.addAll(List.of("ptxas", "-v"));
      case "cuda" -> command.addAll(List.of("nvcc", "-cubin", "-Xptxas", "-v"));
      default -> {
        return Optional.empty();
      }
    }
    Path output = folder.resolve("kernel.cubin");
    command.addAll(List.of("-arch=" + ARCHITECTURE, "-o", output.toString(), input.toString()));
    Files.writeString(input, source + "\n");
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String printed = new String(process.getInputStream().readAllBytes());
      if (!process.waitFor(1, TimeUnit.MINUTES) || process.exitValue() != 0) {
        throw new GptException(command.getFirst() + ": " + printed.lines().findFirst().orElse(""));
      }
      Matcher registers = REGISTERS.matcher(printed);
      Matcher spills = SPILLS.matcher(printed);
      Matcher stack = STACK.matcher(printed);
      return registers.find()
          ? Optional.of(
              "%s registers, %s bytes of spills, %s bytes of stack (%s)"
                  .formatted(
                      registers.group(1),
                      spills.find() ? spills.group(1) : "0",
                      stack.find() ? stack.group(1) : "0",
                      ARCHITECTURE))
          : Optional.empty();
    } catch (IOException e) {
      return Optional.of("unknown: " + command.getFirst() + " is not on PATH");
    } finally {
      Files.deleteIfExists(input);
      Files.deleteIfExists(output);
      Files.delete(folder);
    }
  }
}
