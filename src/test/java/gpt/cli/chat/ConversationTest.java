package gpt.cli.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.GptException;
import gpt.StopReason;
import gpt.Timings;
import gpt.generate.FinishedCompletion;
import gpt.tokenizer.CharacterTokenizer;
import gpt.tokenizer.ChatTemplate;
import gpt.tokenizer.Gpt2Tokenizer;
import gpt.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ConversationTest {
  private static final Tokenizer CHARACTERS = new CharacterTokenizer(List.of("\n", "a", "b", "c"));
  private static final Tokenizer GPT2 = new Gpt2Tokenizer();
  private static final int END = GPT2.endOfText().getAsInt();

  private static Conversation base(int blockSize) {
    return new Conversation(CHARACTERS, Optional.empty(), blockSize);
  }

  private static FinishedCompletion completion(
      Tokenizer tokenizer, String all, String text, StopReason reason) {
    return new FinishedCompletion(
        0,
        new int[] {0},
        tokenizer.encode(all),
        text,
        reason,
        List.of(),
        new Timings(0, 0, 0, 0, 0),
        OptionalDouble.empty());
  }

  private static String text(Tokenizer tokenizer, int[] ids) {
    return Arrays.stream(ids)
        .mapToObj(id -> new String(tokenizer.decode(id)))
        .collect(Collectors.joining());
  }

  @Test
  void aBaseModelContinuesOneText() {
    Conversation conversation = base(100);
    conversation.type("");
    assertEquals("\n", text(CHARACTERS, conversation.prompt(10)), "as gpt without a prompt");
    conversation.reset();
    conversation.type("ab");
    assertEquals("ab", text(CHARACTERS, conversation.prompt(10)));
    conversation.add(completion(CHARACTERS, "bb", "bb", StopReason.MAX_NEW_TOKENS));
    conversation.type("");
    assertEquals("abbb", text(CHARACTERS, conversation.prompt(10)), "an empty line adds nothing");
    conversation.add(completion(CHARACTERS, "c\n", "c\n", StopReason.MAX_NEW_TOKENS));
    conversation.type("a");
    assertEquals("abbbc\na", text(CHARACTERS, conversation.prompt(10)), "a new line was begun");
    conversation.add(completion(CHARACTERS, "bca", "b", StopReason.STOP_STRING));
    conversation.type("c");
    assertEquals("abbbc\nab\nc", text(CHARACTERS, conversation.prompt(10)), "no stop string");
    assertThrows(GptException.class, () -> conversation.type("x"));
    assertEquals("abbbc\nab\nc", text(CHARACTERS, conversation.prompt(10)));
  }

  @Test
  void theLastTokensLeaveRoomForMore() {
    Conversation conversation = base(10);
    conversation.type("abcabc");
    assertEquals("abcabc", text(CHARACTERS, conversation.prompt(4)));
    assertEquals("cabc", text(CHARACTERS, conversation.prompt(6)).substring(1));
    assertEquals("bcabc", text(CHARACTERS, conversation.prompt(1000)), "half of the window");
  }

  @Test
  void turnsOfADialogEnd() {
    Conversation conversation = new Conversation(GPT2, Optional.of(ChatTemplate.DIALOGPT), 40);
    conversation.type("Hi there");
    conversation.add(completion(GPT2, "Hello", "Hello", StopReason.MAX_NEW_TOKENS));
    conversation.type("Who?");
    String end = text(GPT2, new int[] {END});
    String all = "Hi there" + end + "Hello" + end + "Who?" + end;
    assertEquals(all, text(GPT2, conversation.prompt(10)));
    conversation.add(completion(GPT2, "Me" + end, "Me", StopReason.END_OF_TEXT));
    assertTrue(text(GPT2, conversation.prompt(10)).endsWith("Me" + end), "one end, not two");
  }

  @Test
  void wholeTurnsAreLeftOut() {
    Conversation conversation = new Conversation(GPT2, Optional.of(ChatTemplate.DIALOGPT), 10);
    conversation.type("one two three");
    conversation.type("four five six");
    int[] prompt = conversation.prompt(4);
    assertEquals("four five six", text(GPT2, Arrays.copyOf(prompt, prompt.length - 1)));
    conversation.type("one two three four five six seven eight");
    prompt = conversation.prompt(6);
    assertEquals(" five six seven eight", text(GPT2, Arrays.copyOf(prompt, prompt.length - 1)));
  }

  @Test
  void aTokenizerWithoutAnEndHasNoTurns() {
    String message =
        assertThrows(GptException.class, () -> ChatTemplate.DIALOGPT.turn("ab", CHARACTERS))
            .getMessage();
    assertTrue(message.contains("<|endoftext|>"), message);
  }
}
