package gpt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** {@code scripts/kernels} and {@code scripts/exercise} start their programs, without an SDK. */
class CourseScriptsIT {
  private static Program.Result run(String script, String... args) {
    String[] command = new String[args.length + 1];
    command[0] = "scripts/" + script;
    System.arraycopy(args, 0, command, 1, args.length);
    return Program.of(command)
        .environment("TORNADOVM_HOME", Program.ROOT.resolve("target/no-sdk").toString())
        .run();
  }

  @Test
  void kernelsPassesArgumentsAndTheStatusOn() {
    Program.Result result = run("kernels", "run", "nothing", "--explain");
    assertEquals(2, result.status(), result::toString);
    assertEquals(
        "kernels: no operation nothing; scripts/kernels list has all", result.err().strip());
  }

  @Test
  void exerciseChecksTheFileInSources() {
    assertEquals(2, run("exercise", "11").status());
    Program.Result result = run("exercise", "3");
    assertTrue(result.out().startsWith("exercise 3: "), result::toString);
  }
}
