package gpt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.jar.JarFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code --device}, {@code --dtype} and {@code gpt devices}, without TornadoVM and with it. */
class DeviceIT {
  private static final String MODEL = "src/test/resources/golden/model-2-nanogpt";

  @TempDir Path folder;

  /** {@code scripts/gpt} without an SDK to find. */
  private Program withoutSdk(String... args) {
    return Program.gpt(args)
        .environment("TORNADOVM_HOME", null)
        .environment("HOME", folder.toString());
  }

  @Test
  void withoutTornadoVmTheCpuIsChosenWithANote() {
    Program.Result run = withoutSdk("--prompt", "ROMEO:", "-n", "5").run().succeeded();
    assertEquals("gpt: running on the CPU (TornadoVM is not loaded)", run.notes().get(0));
    // Without the note if the user chose the cpu.
    Program.Result asked =
        withoutSdk("--prompt", "ROMEO:", "-n", "5", "--device", "cpu").run().succeeded();
    assertEquals(1, asked.notes().size(), asked::toString);
    assertEquals(run.out(), asked.out());
    Program.Result quiet = withoutSdk("--prompt", "ROMEO:", "-n", "5", "-q").run().succeeded();
    assertEquals(List.of(), quiet.notes());
  }

  @Test
  void devicesThatNeedTornadoVmAreRefusedWithoutIt() {
    for (String device : List.of("gpu", "tornado", "tornado:opencl:0")) {
      withoutSdk("--device", device).run().failed(1, "setup-tornado.sh");
      Program.jar("--device", device).run().failed(1, device.split(":")[0], "setup-tornado.sh");
    }
    Program.jar("--device", "emulator").run().failed(1, "scripts/gpt --device emulator");
    withoutSdk("--tornado-profile").run().failed(1, "TornadoVM is not loaded");
  }

  @Test
  void theCpuTakesReducedPrecision() {
    for (String dtype : List.of("bf16", "f16", "i8", "q4")) {
      Program.Result run =
          withoutSdk("--dtype", dtype, "-n", "2", "--json", "-q").run().succeeded();
      assertTrue(run.out().contains("\"device\":\"cpu\",\"dtype\":\"" + dtype), run::toString);
    }
    withoutSdk("--device", "emulator", "--dtype", "bf16")
        .run()
        .failed(1, "dtype bf16: the CPU backend only");
  }

  @Test
  void devicesWithoutTornadoVm() {
    Program.Result run = withoutSdk("devices").run().succeeded();
    assertTrue(run.out().startsWith("cpu "), run::toString);
    assertTrue(run.out().contains("default: cpu, since"), run::toString);
    Program.Result test = withoutSdk("devices", "--test").run();
    assertEquals(1, test.status(), test::toString);
    assertTrue(test.err().contains("no TornadoVM device"), test::toString);
  }

  @Test
  void theEmulatorGivesTheCpusIds() {
    String[] args = {
      "--model", MODEL, "--prompt-ids", "1,2,3", "-n", "2", "-t", "0", "--num-samples", "2"
    };
    Program.Result cpu = withoutSdk(with(args, "--device", "cpu")).run().succeeded();
    for (String type : List.of("cpu", "gpu")) {
      Program.Result run =
          withoutSdk(with(args, "--device=emulator"))
              .environment("JDK_JAVA_OPTIONS", "-Dgpt.emulator.type=" + type)
              .run()
              .succeeded();
      assertEquals(cpu.out(), run.out());
      assertTrue(run.err().contains("device emulator: checks the kernels"), run::toString);
    }
  }

  private static String[] with(String[] args, String... more) {
    String[] all = Arrays.copyOf(args, args.length + more.length);
    System.arraycopy(more, 0, all, args.length, more.length);
    return all;
  }

  private static Program tornado(Path sdk, String... args) {
    return Program.gpt(args).environment("TORNADOVM_HOME", sdk.toString());
  }

  /** One test for everything that needs the real TornadoVM. */
  @Test
  void onTornadoVm() throws Exception {
    Optional<Path> real = FakeSdk.real();
    if (real.isEmpty()) {
      System.out.println(FakeSdk.NO_REAL_SDK);
    }
    assumeTrue(real.isPresent(), FakeSdk.NO_REAL_SDK);
    Path sdk = real.get();

    Program.Result list = tornado(sdk, "devices", "--test").run().succeeded();
    assertTrue(list.out().startsWith("tornado:"), list::toString);
    assertTrue(list.out().contains(" kernels passed, "), list::toString);
    assertTrue(list.out().contains("\ndefault: "), list::toString);

    String[] args = {"--prompt", "ROMEO:", "-n", "40", "-t", "0"};
    Program.Result cpu = tornado(sdk, with(args, "--device", "cpu")).run().succeeded();
    Program.Result run =
        tornado(sdk, with(args, "--device", "tornado", "--tornado-profile")).run().succeeded();
    assertEquals(cpu.out(), run.out());
    assertTrue(run.notes().get(0).startsWith("gpt: device tornado:"), run::toString);
    List<String> table =
        run.notes().stream().filter(l -> l.matches("(prompt|\\d+) +\\d+ +\\d+\\.\\d+ .*")).toList();
    assertEquals(40, table.size(), run::toString);
    for (String line : table.subList(1, 40)) {
      assertTrue(line.endsWith(" 20"), line); // 4 bytes for the token, and the array's header
    }

    // The wrapper that setup-tornado.sh puts on PATH.
    Program.Result jar =
        Program.of(
                Program.ROOT.resolve("scripts/tornado").toString(),
                "-jar",
                "target/gpt.jar",
                "--prompt",
                "ROMEO:",
                "-n",
                "20",
                "--device",
                "tornado:0:0")
            .environment("TORNADOVM_HOME", sdk.toString())
            .run()
            .succeeded();
    assertEquals(
        tornado(sdk, "--prompt", "ROMEO:", "-n", "20", "--device", "cpu").run().out(), jar.out());

    tornado(sdk, "--device", "tornado:opencl:99").run().failed(1, "there is no device opencl:99");
  }

  @Test
  void theJarContainsNothingOfTornadoVm() throws Exception {
    try (JarFile jar = new JarFile("target/gpt.jar")) {
      assertFalse(jar.stream().anyMatch(e -> e.getName().startsWith("uk/")));
      assertTrue(jar.stream().anyMatch(e -> e.getName().startsWith("gpt/kernels/")));
    }
    try (JarFile jar = new JarFile("target/gpt-emulator.jar")) {
      assertFalse(jar.stream().anyMatch(e -> e.getName().startsWith("gpt/")));
    }
    assertTrue(Files.size(Path.of("target/gpt-emulator.jar")) < 500_000);
  }
}
