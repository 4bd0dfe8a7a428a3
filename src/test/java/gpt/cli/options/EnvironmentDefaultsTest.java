package gpt.cli.options;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import gpt.cli.GptCommand;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/** Environment variables as defaults of options. */
class EnvironmentDefaultsTest {
  private static CommandSpec serve(Map<String, String> environment, String... args) {
    CommandLine gpt = GptCommand.commandLine();
    CommandLine serve = gpt.getSubcommands().get("serve");
    serve.setDefaultValueProvider(new EnvironmentDefaults(environment));
    gpt.parseArgs(Stream.concat(Stream.of("serve"), Stream.of(args)).toArray(String[]::new));
    return serve.getCommandSpec();
  }

  @Test
  void anOptionOverridesItsVariable() {
    Map<String, String> environment = Map.of("GPT_PORT", "9000", "GPT_MAX_TOKENS", "7");
    CommandSpec spec = serve(environment, "--max-tokens", "5");
    assertEquals(9000, spec.findOption("--port").<Integer>getValue());
    assertEquals(5, spec.findOption("--max-tokens").<Integer>getValue());
    assertEquals("127.0.0.1", spec.findOption("--host").<String>getValue());
    assertEquals("GPT_CORS_ORIGIN", EnvironmentDefaults.variable("--cors-origin"));
  }

  @Test
  void anEmptyVariableIsNone() {
    assertEquals(8080, serve(Map.of("GPT_PORT", "")).findOption("--port").<Integer>getValue());
  }

  @Test
  void theHelpDoesNotPrintTheKey() {
    CommandSpec spec = serve(Map.of("GPT_API_KEY", "secret"));
    assertEquals("secret", spec.findOption("--api-key").<String>getValue());
    assertFalse(spec.commandLine().getUsageMessage().contains("secret"));
  }
}
