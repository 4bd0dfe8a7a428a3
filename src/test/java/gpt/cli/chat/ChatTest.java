package gpt.cli.chat;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.Gpt;
import gpt.GptException;
import gpt.OnFull;
import gpt.Options;
import gpt.generate.Generator;
import gpt.generate.Request;
import gpt.generate.SharedEngine;
import gpt.load.Device;
import gpt.load.DeviceChoice;
import gpt.load.LoadedModel;
import gpt.load.ModelLocator;
import gpt.model.Kernels;
import gpt.model.Precision;
import gpt.sampling.SamplingParameters;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Chats with the demo, compared with what the library says to the same prompts. */
class ChatTest {
  private static final int TOKENS = 12;
  private static final SamplingParameters SAMPLING = new SamplingParameters(0.8, 200, 1337);

  private static Gpt gpt;
  private static LoadedModel model;
  private static SharedEngine engine;

  private final StringBuilder out = new StringBuilder();
  private final List<String> notes = new ArrayList<>();

  @BeforeAll
  static void load() {
    gpt = Gpt.load(ModelLocator.DEMO);
    engine =
        new SharedEngine(
            () -> {
              model =
                  LoadedModel.load(
                      ModelLocator.locate(ModelLocator.DEMO, false),
                      Optional.empty(),
                      new DeviceChoice(
                          Device.of(Device.Kind.CPU), Precision.F32, 1, Kernels.AUTO, false),
                      new DeviceChoice.Use(1, false, 0, 1),
                      (tokenizer, config) -> new int[0],
                      fraction -> {});
              return model.engine();
            },
            1);
  }

  @AfterAll
  static void close() {
    engine.close();
    gpt.close();
  }

  private Chat chat(LineSource lines) {
    return new Chat(
        new Generator(engine, model.tokenizer()),
        new Conversation(
            model.tokenizer().orElseThrow(), Optional.empty(), engine.config().blockSize()),
        lines,
        out::append,
        notes::add,
        new Request.Length(TOKENS, model.endIds(), List.of(), OnFull.SLIDE),
        SAMPLING);
  }

  private void says(String... lines) throws IOException {
    chat(new PlainLines(input(String.join("\n", lines)))).run();
  }

  private static ByteArrayInputStream input(String text) {
    return new ByteArrayInputStream(text.getBytes(UTF_8));
  }

  private static String completion(String prompt, Options options) {
    return gpt.complete(prompt, options.maxNewTokens(TOKENS)).text();
  }

  private static String line(String text) {
    return text.endsWith("\n") ? text : text + "\n";
  }

  @Test
  void theFirstTextIsThatOfGenerate() throws IOException {
    says("ROMEO:");
    assertEquals(line(completion("ROMEO:", Options.options())), out.toString());
  }

  @Test
  void aTextGoesOn() throws IOException {
    says("/temperature 0", "ROMEO:", "", "And so");
    Options greedy = Options.options().greedy();
    String first = "ROMEO:" + completion("ROMEO:", greedy);
    String second = first + completion(first, greedy);
    String typed = line(second) + "And so";
    assertEquals(
        line(first.substring("ROMEO:".length()))
            + line(second.substring(first.length()))
            + line(completion(typed, greedy)),
        out.toString());
  }

  @Test
  void commandsChangeTheNextText() throws IOException {
    says("ROMEO:", "/reset", "ROMEO:", "/reset", "/seed 7", "ROMEO:");
    String first = line(completion("ROMEO:", Options.options()));
    assertEquals(
        first + first + line(completion("ROMEO:", Options.options().seed(7))), out.toString());
  }

  @Test
  void quitEnds() throws IOException {
    says("/help", "/quit", "ROMEO:");
    assertTrue(out.toString().startsWith("/reset "), out.toString());
    assertFalse(out.toString().contains("ROMEO"), out.toString());
  }

  @Test
  void withoutATerminalAnErrorEndsTheChat() {
    for (String[] wrong :
        new String[][] {
          {"/sed 1", "unknown command '/sed'; expected /help, /reset, /seed"},
          {"/seed x", "/seed: expected a whole number, found 'x'"},
          {"/seed", "/seed: expected a whole number, found ''"},
          {"/temperature warm", "/temperature: expected a number, found 'warm'"},
          {"/temperature -1", "temperature"},
          {"100%", "U+0031"},
          {"//5", "U+002F"}
        }) {
      String message = assertThrows(GptException.class, () -> says(wrong[0])).getMessage();
      assertTrue(message.contains(wrong[1]), message);
    }
    byte[] latin = {'c', 'a', 'f', (byte) 0xE9, '\n'};
    String message =
        assertThrows(
                GptException.class,
                () -> chat(new PlainLines(new ByteArrayInputStream(latin))).run())
            .getMessage();
    assertEquals("standard input: expected UTF-8, found other bytes", message);
  }

  /** Lines of a person who presses Ctrl-C after some tokens of the first text. */
  private static final class Person implements LineSource {
    private final List<String> lines;
    private final int patience;
    private int line;
    private int asked;

    Person(int patience, String... lines) {
      this.patience = patience;
      this.lines = Arrays.asList(lines);
    }

    @Override
    public Optional<String> next() {
      return line < lines.size() ? Optional.of(lines.get(line++)) : Optional.empty();
    }

    @Override
    public boolean interrupted() {
      return ++asked == patience;
    }

    @Override
    public boolean isTerminal() {
      return true;
    }

    @Override
    public void close() {}
  }

  @Test
  void onATerminalAnErrorIsNoted() throws IOException {
    chat(new Person(-1, "/nothing", "5", "ROMEO:")).run();
    assertEquals(2, notes.size(), notes::toString);
    assertEquals(line(completion("ROMEO:", Options.options())), out.toString());
  }

  @Test
  void ctrlCEndsTheTextAndNotTheChat() throws IOException {
    chat(new Person(3, "/temperature 0", "ROMEO:", "")).run();
    Options greedy = Options.options().greedy();
    String first = completion("ROMEO:", greedy).substring(0, 3);
    assertEquals(line(first) + line(completion("ROMEO:" + first, greedy)), out.toString());
  }

  @Test
  void aFullContextIsNotedOnce() throws IOException {
    String line = "a ".repeat(engine.config().blockSize());
    says(line, line);
    assertEquals(
        List.of(
            "the context window is full: from here on the model sees the last "
                + (engine.config().blockSize() - TOKENS)
                + " tokens at most"),
        notes);
  }
}
