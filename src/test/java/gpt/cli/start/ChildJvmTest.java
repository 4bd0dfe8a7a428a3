package gpt.cli.start;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.load.HostMemory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChildJvmTest {
  @Test
  void jvmOptionsLeaveOutTheClassPath() {
    assertEquals(
        List.of("-Xmx1g", "-Da=b c"),
        ChildJvm.jvmOptions(
            List.of("java", "-Xmx1g", "-Da=b c", "-jar", "gpt.jar", "--prompt", "-jar"), 2));
    assertEquals(
        List.of("-ea", "--add-opens", "x/y=z"),
        ChildJvm.jvmOptions(
            List.of("java", "-ea", "-cp", "a:b", "--add-opens", "x/y=z", "gpt.cli.Launcher"), 0));
    assertEquals(
        List.of("-javaagent:a.jar"),
        ChildJvm.jvmOptions(
            List.of("java", "--class-path=a", "-javaagent:a.jar", "gpt.cli.Launcher", ""), 1));
  }

  @Test
  void anUnknownCommandLineGivesNoOptions() {
    assertEquals(List.of(), ChildJvm.jvmOptions(List.of(), 3));
    assertEquals(List.of(), ChildJvm.jvmOptions(List.of("java", "@options"), 5));
  }

  @Test
  void aDebugAgentIsDetected() {
    String agent = "-agentlib:jdwp=transport=dt_socket,server=y,address=5005";
    assertTrue(ChildJvm.debugged(List.of("-ea", agent), Map.of()));
    assertTrue(ChildJvm.debugged(List.of(), Map.of("JDK_JAVA_OPTIONS", "-ea " + agent)));
    assertTrue(ChildJvm.debugged(List.of(), Map.of("JAVA_TOOL_OPTIONS", agent)));
    assertFalse(ChildJvm.debugged(List.of("-ea"), Map.of("JAVA_TOOL_OPTIONS", "-Xmx1g")));
  }

  @Test
  void theChildUsesTheBuildsAotCache(@TempDir Path folder) throws IOException {
    String jar = folder.resolve("gpt.jar").toString();
    assertEquals(List.of("-XX:+UseSerialGC"), ChildJvm.startOptions(List.of(), Map.of(), jar));
    Path cache = Files.createFile(folder.resolve("gpt.aot"));
    assertEquals(
        List.of("-XX:+UseSerialGC", "-XX:AOTCache=" + cache, "-Xlog:aot*=off"),
        ChildJvm.startOptions(List.of("-Xmx1g"), Map.of(), jar));
    assertEquals(
        List.of("-XX:+UseSerialGC"),
        ChildJvm.startOptions(List.of(), Map.of(), folder.resolve("classes").toString()));
  }

  /** Java's default limit is a quarter of it. */
  @Test
  void theChildsDirectMemoryLimitIsTheMachinesMemory() {
    long installed = HostMemory.installed().orElseThrow();
    assertEquals(
        List.of("-XX:MaxDirectMemorySize=" + installed),
        ChildJvm.memoryOption(List.of("-Xmx1g"), Map.of()));
    String own = "-XX:MaxDirectMemorySize=1g";
    assertEquals(List.of(), ChildJvm.memoryOption(List.of(own), Map.of()));
    assertEquals(List.of(), ChildJvm.memoryOption(List.of(), Map.of("JDK_JAVA_OPTIONS", own)));
    assertEquals(List.of(), ChildJvm.memoryOption(List.of(), Map.of("JAVA_TOOL_OPTIONS", own)));
  }

  /** Java refuses to start with two collectors or two archives. */
  @Test
  void theUsersOwnStartOptionsWin() {
    for (String own :
        List.of("-XX:+UseG1GC", "-Xshare:off", "-XX:SharedArchiveFile=a", "-XX:AOTMode=off")) {
      assertEquals(List.of(), ChildJvm.startOptions(List.of(own), Map.of(), "gpt.jar"));
      assertEquals(
          List.of(), ChildJvm.startOptions(List.of(), Map.of("JDK_JAVA_OPTIONS", own), "gpt.jar"));
      assertEquals(
          List.of(), ChildJvm.startOptions(List.of(), Map.of("JAVA_TOOL_OPTIONS", own), "gpt.jar"));
    }
  }
}
