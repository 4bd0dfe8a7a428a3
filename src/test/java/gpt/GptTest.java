package gpt;

import static gpt.LoadOptions.loadOptions;
import static gpt.Options.options;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The public API on the demo model. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class GptTest {
  private static final String DEMO = "shakespeare-char";
  private static final Options SHORT = options().maxNewTokens(30);

  private static Gpt gpt;

  @BeforeAll
  static void load() {
    gpt = Gpt.load(DEMO, loadOptions().device("cpu"));
  }

  @AfterAll
  static void close() {
    gpt.close();
  }

  @Test
  void theExampleOfTheReadme() {
    StringBuilder out = new StringBuilder();
    try (Gpt gpt = Gpt.load("shakespeare-char")) {
      gpt.stream(
          "ROMEO:",
          options().temperature(0.8).topK(40).maxNewTokens(60),
          token -> out.append(token.text()));
      Completion completion = gpt.complete("JULIET:");
      assertEquals(200, completion.ids().size());
    }
    assertEquals(60, out.length());
  }

  @Test
  void aCompletionHasTextIdsLogprobsReasonAndTimings() {
    List<Token> tokens = new ArrayList<>();
    Completion completion = gpt.stream("ROMEO:", SHORT.topLogprobs(3), tokens::add);
    assertEquals(completion.text(), tokens.stream().map(Token::text).collect(Collectors.joining()));
    assertEquals(completion.ids(), tokens.stream().map(Token::id).toList());
    assertEquals(
        completion.text(), gpt.detokenize(completion.ids().stream().mapToInt(id -> id).toArray()));
    assertEquals(StopReason.MAX_NEW_TOKENS, completion.stopReason());
    assertEquals(30, completion.logprobs().size());
    for (int i = 0; i < 30; i++) {
      List<Candidate> top = completion.topLogprobs().get(i);
      assertEquals(3, top.size());
      int id = completion.ids().get(i);
      double logprob = completion.logprobs().get(i);
      assertTrue(logprob <= top.get(0).logprob() && logprob < 0);
      top.stream()
          .filter(each -> each.id() == id)
          .forEach(each -> assertEquals(logprob, each.logprob()));
    }
    assertTrue(Double.isNaN(completion.score()));
    assertEquals(6, completion.timings().prefillTokens());
    assertEquals(29, completion.timings().decodeTokens());
    // loss returns the same log-probabilities for the same text, with the sign reversed.
    int[] all = gpt.tokens("ROMEO:" + completion.text());
    double[] losses = gpt.loss(all).losses();
    for (int i = 0; i < 30; i++) {
      assertEquals(-losses[6 + i], completion.logprobs().get(i), 1e-4);
    }
  }

  /** The default options give the same text as the command line's defaults. */
  @Test
  void theDefaultsAreTheCommandLines() {
    Completion completion = gpt.complete("ROMEO:", SHORT);
    assertEquals(
        completion.text(),
        gpt.complete(
                "ROMEO:",
                options().temperature(0.8).topK(200).seed(1337).maxNewTokens(30).samples(1))
            .text());
    assertFalse(completion.text().equals(gpt.complete("ROMEO:", SHORT.seed(1)).text()));
  }

  @Test
  void samplesBeamsAndStops() {
    List<Completion> three = gpt.completions("ROMEO:", SHORT.samples(3));
    assertEquals(3, three.stream().map(Completion::text).distinct().count());
    Completion alone = gpt.complete("ROMEO:", SHORT);
    assertEquals(alone.text(), three.getFirst().text());
    assertEquals(alone.logprobs(), three.getFirst().logprobs());
    List<Completion> beams = gpt.completions("ROMEO:", SHORT.beams(4).samples(2));
    assertEquals(2, beams.size());
    assertTrue(beams.get(0).score() >= beams.get(1).score());
    assertEquals(List.of(), beams.get(0).logprobs());
    Completion stopped = gpt.complete("ROMEO:", options().stop("\n\n", "never"));
    assertEquals(StopReason.STOP_STRING, stopped.stopReason());
    assertFalse(stopped.text().contains("\n\n"));
    Completion full = gpt.complete("ROMEO:", options().onFull(OnFull.STOP).maxNewTokens(1000));
    assertEquals(StopReason.CONTEXT_FULL, full.stopReason());
    assertEquals(gpt.contextLength() - 6 + 1, full.ids().size());
  }

  @Test
  void aListenerCanCancelACompletion() {
    Completion two = gpt.streamWhile("ROMEO:", SHORT, token -> token.text().equals("x"));
    assertEquals(1, two.ids().size());
    assertEquals(StopReason.CANCELLED, two.stopReason());
    assertThrows(
        ArithmeticException.class,
        () ->
            gpt.stream(
                "ROMEO:",
                SHORT,
                token -> {
                  throw new ArithmeticException();
                }));
  }

  @Test
  void nextShowsEveryStepOfTheChain() {
    Candidates next = gpt.next("ROMEO:", options().temperature(0.5).topK(3), 5);
    assertEquals(5, next.top().size());
    assertEquals(gpt.vocabSize(), next.logits().length);
    assertEquals(1, Arrays.stream(next.probabilities()).sum(), 1e-9);
    assertEquals(
        List.of("temperature 0.5", "top-k 3"),
        next.steps().stream().map(Candidates.Step::name).toList());
    double[] last = next.steps().getLast().probabilities();
    assertEquals(1, DoubleStream.of(last).sum(), 1e-9);
    assertEquals(3, DoubleStream.of(last).filter(p -> p > 0).count());
    assertEquals(
        Math.log(next.probabilities()[next.top().get(0).id()]), next.top().get(0).logprob(), 1e-9);
    int drawn =
        gpt.complete("ROMEO:", options().temperature(0.5).topK(3).maxNewTokens(1)).ids().get(0);
    assertEquals(drawn, next.chosen().id());
  }

  @Test
  void lossTokensAndAttention() {
    String text = "To be, or not to be: that is the question.";
    Loss loss = gpt.loss(text);
    assertEquals(text.length() - 1, loss.tokens());
    assertEquals(text.length() - 1, loss.bytes().getAsLong());
    assertTrue(loss.perplexity() > 1 && loss.perplexity() < 65);
    assertEquals(text, gpt.detokenize(gpt.tokens(text)));
    float[][] attention = gpt.attention("To be", 2, 1);
    for (int i = 0; i < 5; i++) {
      assertEquals(i + 1, attention[i].length);
      double sum = 0;
      for (float weight : attention[i]) {
        sum += weight;
      }
      assertEquals(1, sum, 1e-5);
    }
  }

  @ParameterizedTest
  @CsvSource({"f32", "bf16", "i8", "q4"})
  void resultsDoNotDependOnConcurrentCalls(String dtype) throws Exception {
    try (Gpt shared = Gpt.load(DEMO, loadOptions().device("cpu").dtype(dtype).maxSequences(6));
        Gpt alone = Gpt.load(DEMO, loadOptions().device("cpu").dtype(dtype).threads(1));
        ExecutorService threads = Executors.newCachedThreadPool()) {
      List<Future<?>> calls = new ArrayList<>();
      for (int i = 0; i < 24; i++) {
        String prompt = "ROMEO: " + "good night ".repeat(i % 8) + "x".repeat(1 + i % 3);
        Options own = options().seed(i % 5).maxNewTokens(20 + i).topP(0.9).frequencyPenalty(i % 2);
        calls.add(
            threads.submit(
                () -> {
                  Completion expected = alone.complete(prompt, own);
                  Completion found = shared.complete(prompt, own);
                  assertEquals(expected.ids(), found.ids());
                  assertEquals(expected.logprobs(), found.logprobs());
                }));
      }
      for (int i = 0; i < 4; i++) {
        Options search = SHORT.beams(2 + i);
        calls.add(
            threads.submit(
                () ->
                    assertEquals(
                        alone.complete("JULIET:", search).ids(),
                        shared.complete("JULIET:", search).ids())));
        calls.add(
            threads.submit(
                () ->
                    assertArrayEquals(
                        alone.loss("To be, or not").losses(),
                        shared.loss("To be, or not").losses())));
      }
      for (Future<?> call : calls) {
        call.get();
      }
    }
  }

  @Test
  void closingFailsRunningCalls() throws Exception {
    Gpt closing = Gpt.load(DEMO, loadOptions().device("cpu"));
    CountDownLatch running = new CountDownLatch(1);
    try (ExecutorService threads = Executors.newCachedThreadPool()) {
      Future<?> call =
          threads.submit(
              () ->
                  closing.stream(
                      "ROMEO:", options().maxNewTokens(1_000_000), token -> running.countDown()));
      running.await();
      closing.close();
      ExecutionException e = assertThrows(ExecutionException.class, call::get);
      assertEquals(GptException.class, e.getCause().getClass());
      assertTrue(e.getCause().getMessage().startsWith("the model is closed"), e::toString);
    }
    closing.close();
    assertEquals(
        "the model is closed",
        assertThrows(GptException.class, () -> closing.complete("ROMEO:")).getMessage());
  }

  @Test
  void aSubmittedCallCanBeCancelled() throws Exception {
    assertEquals(gpt.complete("ROMEO:", SHORT).text(), gpt.submit("ROMEO:", SHORT).get().text());
    Future<Completion> endless = gpt.submit("ROMEO:", options().maxNewTokens(1_000_000));
    assertTrue(endless.cancel(true));
    assertTrue(endless.isCancelled());
    ExecutionException e =
        assertThrows(ExecutionException.class, () -> gpt.submit("", SHORT).get());
    assertEquals("the prompt is empty: it must have at least one token", e.getCause().getMessage());
  }

  @Test
  void progressReachesTheEnd() {
    List<Double> reported = Collections.synchronizedList(new ArrayList<>());
    Gpt.load(DEMO, loadOptions().device("cpu").progress(reported::add)).close();
    assertEquals(1, reported.stream().mapToDouble(each -> each).max().orElse(0), 1e-9);
  }

  @Test
  void errorsAreOneLine(@TempDir Path empty) {
    fails(() -> Gpt.load("no such model"), "model no such model: no such file or folder");
    fails(() -> Gpt.load(empty.toString()), empty.toString());
    fails(() -> Gpt.load(DEMO, loadOptions().device("tpu")), "expected auto, cpu, gpu");
    fails(() -> Gpt.load(DEMO, loadOptions().dtype("f8")), "expected f32, bf16, f16, i8, q4 or stored");
    fails(() -> Gpt.load("nobody/nothing"), "not in the Hugging Face cache");
    fails(() -> loadOptions().threads(0), "threads must be from 1 to 1024, found 0");
    fails(() -> options().temperature(-1), "temperature");
    fails(() -> options().topP(0), "top-p");
    fails(() -> gpt.complete("ROMEO§"), "§");
    fails(() -> gpt.complete(""), "the prompt is empty");
    fails(() -> gpt.complete(new int[] {65}, SHORT), "the prompt's token 1 is id 65");
    fails(() -> gpt.complete("a", SHORT.samples(2)), "call completions");
    fails(() -> gpt.complete("a", options().minNewTokens(9).maxNewTokens(3)), "a minimum of 9");
    fails(() -> gpt.completions("a", SHORT.beams(2).samples(3)), "2 beams give at most");
    fails(() -> gpt.attention("To be", 6, 0), "layers go from 0 to 5, found 6");
    fails(() -> gpt.loss("a"), "at least 2 tokens");
    fails(() -> gpt.detokenize(99), "token 99 is not in the vocabulary");
  }

  private static void fails(Runnable call, String part) {
    GptException e = assertThrows(GptException.class, call::run);
    assertTrue(e.getMessage().contains(part), () -> "no '" + part + "' in " + e.getMessage());
    assertFalse(e.getMessage().contains("\n"), e.getMessage());
  }
}
