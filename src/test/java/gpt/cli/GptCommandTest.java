package gpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

/** The commands' names, which stand in two places so that one command can be made alone. */
class GptCommandTest {
  @Test
  void eachCommandIsFoundByItsOwnName() {
    List<String> names = List.copyOf(GptCommand.commandLine().getSubcommands().keySet());
    assertEquals(GptCommand.commandNames(), names);
  }
}
