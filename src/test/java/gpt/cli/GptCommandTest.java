package gpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Each command's name is in its annotation and in the list that creates one command alone. */
class GptCommandTest {
  @Test
  void theListHasTheAnnotationsNames() {
    List<String> names = List.copyOf(GptCommand.commandLine().getSubcommands().keySet());
    assertEquals(GptCommand.commandNames(), names);
  }
}
