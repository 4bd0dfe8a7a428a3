package gpt.explore.plot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.sampling.ChainTrace;
import gpt.sampling.History;
import gpt.sampling.HostSampler;
import gpt.sampling.SamplingParameters;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.BiConsumer;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The page's sampling chain gives the same bits as Java's. */
class StepsPageChainIT extends BrowserTest {
  private static final long SEED = 11;
  private static final float NEGATIVE_INFINITY = Float.NEGATIVE_INFINITY;

  private record Settings(double temperature, int topK, double topP, double minP, double typicalP) {
    /**
     * Replaces top-k 0 by the vocabulary size: with all filters off a trace has the model's softmax
     * instead of the chain's result.
     */
    SamplingParameters parameters(int vocabSize) {
      return SamplingParameters.builder()
          .seed(SEED)
          .temperature(temperature)
          .topK(topK == 0 ? vocabSize : topK)
          .topP(topP)
          .minP(minP)
          .typicalP(typicalP)
          .build();
    }

    /** Types them into the page. */
    void type() {
      browser.run(
          """
          ['temperature', 'top-k', 'top-p', 'min-p', 'typical-p'].forEach((id, i) => {
            const input = document.getElementById(id + '-number');
            input.value = arguments[i];
            input.dispatchEvent(new Event('input', { bubbles: true }));
          });
          """,
          temperature,
          topK,
          topP,
          minP,
          typicalP);
      browser.settle();
    }
  }

  private static List<Settings> settings(int random) {
    List<Settings> settings =
        new ArrayList<>(
            List.of(
                new Settings(1, 0, 1, 0, 1),
                new Settings(0.7, 0, 1, 0, 1),
                new Settings(0, 5, 0.5, 0.1, 0.5),
                new Settings(0.001, 0, 1, 0, 1),
                new Settings(1000, 0, 1, 0, 1),
                new Settings(1e-310, 0, 1, 0, 1),
                new Settings(1.3, 1, 1, 0, 1),
                new Settings(1.3, 10, 1, 0, 1),
                new Settings(1, 0, 0.9, 0, 1),
                new Settings(2, 0, 0.01, 0, 1),
                new Settings(1, 0, 0.9999999, 0, 1),
                new Settings(1, 0, 1, 0.05, 1),
                new Settings(1, 0, 1, 1e-12, 1),
                new Settings(1, 0, 1, 0, 0.2),
                new Settings(1.5, 0, 1, 0, 0.95),
                new Settings(1.1, 40, 0.95, 0.01, 0.9)));
    Random numbers = new Random(5);
    for (int i = 0; i < random; i++) {
      settings.add(
          new Settings(
              Math.exp(numbers.nextGaussian()),
              numbers.nextInt(70),
              1 - numbers.nextDouble(),
              numbers.nextBoolean() ? 0 : Math.pow(numbers.nextDouble(), 3),
              1 - numbers.nextDouble()));
    }
    return settings;
  }

  /** Compares the page's current probabilities, of all ids and of the bars, with Java's. */
  private static void assertSame(ChainTrace trace, String message) {
    String[] numbers =
        browser
            .text(
                """
                [explorer.chain.drawn,
                  Array.from(explorer.chain.probabilities.entries())
                    .filter(([, p]) => p !== 0).map((pair) => pair.join(':')).join(' '),
                  [...document.querySelectorAll('#bars [data-id]')]
                    .map((bar) => bar.dataset.id + ':' + bar.dataset.probability).join(' ')
                ].join(';')
                """)
            .split(";");
    assertEquals(trace.chosen(), Integer.parseInt(numbers[0]), message);
    double[] drawn = new double[trace.drawn().length];
    pairs(numbers[1], (id, p) -> drawn[id] = p);
    assertArrayEquals(trace.drawn(), drawn, message);
    assertEquals(1, DoubleStream.of(drawn).sum(), 1e-10, message);
    pairs(numbers[2], (id, p) -> assertEquals(trace.drawn()[id], p, message));
  }

  private static void pairs(String numbers, BiConsumer<Integer, Double> each) {
    for (String number : numbers.split(" ")) {
      String[] pair = number.split(":");
      each.accept(Integer.parseInt(pair[0]), Double.parseDouble(pair[1]));
    }
  }

  private static void check(List<Settings> settings, float[]... steps) throws Exception {
    browser.load(Pages.page(SamplingParameters.builder().seed(SEED).topK(3).build(), steps));
    for (int step = 0; step < steps.length; step++) {
      browser.run("explorer.go(arguments[0])", step);
      for (Settings some : settings) {
        some.type();
        HostSampler sampler =
            new HostSampler(some.parameters(steps[step].length), steps[step].length);
        ChainTrace trace = sampler.trace(steps[step], null, 0, step);
        assertSame(trace, "step " + step + " with " + some);
      }
    }
    browser.checkConsole();
  }

  @Test
  void characterVocabulary() throws Exception {
    float[] usual = Pages.random(65, 3, 1);
    check(
        settings(30),
        usual,
        Pages.random(65, 0.5, 2),
        Pages.changed(usual, x -> (float) Math.round(x)), // ties
        Pages.changed(usual, x -> x < 0 ? NEGATIVE_INFINITY : x),
        Pages.changed(usual, x -> 0f),
        Pages.changed(usual, x -> x == usual[33] ? 90f : x),
        Pages.changed(usual, x -> x == usual[33] ? 3e38f : x == usual[3] ? 2e38f : x * 1e37f),
        Pages.changed(usual, x -> x == usual[33] ? x : NEGATIVE_INFINITY),
        Pages.changed(usual, x -> x * 1e-6f));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 1023})
  void vocabularySizes(int vocabSize) throws Exception {
    check(settings(10), Pages.random(vocabSize, 2, 3), Pages.random(vocabSize, 20, 4));
  }

  @Test
  void gpt2Vocabulary() throws Exception {
    float[] usual = Pages.random(50257, 4, 6);
    check(
        settings(4),
        usual,
        Pages.changed(usual, x -> (float) Math.round(x)),
        Pages.changed(usual, x -> 0.25f));
  }

  /** The page draws from the changed logits, and shows the model's probabilities beside them. */
  @Test
  void penaltiesAndBiases() throws Exception {
    SamplingParameters parameters =
        SamplingParameters.builder()
            .repetitionPenalty(1.4)
            .frequencyPenalty(0.3)
            .logitBias(7, NEGATIVE_INFINITY)
            .logitBias(8, 3)
            .temperature(0.9)
            .topP(0.95)
            .seed(SEED)
            .build();
    int[] prompt = {1, 2, 3, 60};
    History history = new History(65);
    history.start(prompt);
    HostSampler sampler = new HostSampler(parameters, 65);
    StepsPage page = new StepsPage("Penalties", parameters, Pages.labels(65));
    List<ChainTrace> traces = new ArrayList<>();
    for (int step = 0; step < 12; step++) {
      ChainTrace trace = sampler.trace(Pages.random(65, 2, step), history, 0, step);
      history.add(trace.chosen());
      page.add("", prompt, trace);
      traces.add(trace);
    }
    browser.load(page);
    for (ChainTrace trace : traces) {
      browser.run("explorer.go(arguments[0])", trace.step());
      assertSame(trace, "step " + trace.step());
      assertEquals(trace.chosen(), browser.number("explorer.step.chosen"));
      assertEquals(
          trace.rank(trace.chosen()),
          browser.number("explorer.step.modelRank(explorer.step.chosen)"));
      double[] model =
          Stream.of(browser.text("explorer.step.model.join(' ')").split(" "))
              .mapToDouble(Double::parseDouble)
              .toArray();
      assertArrayEquals(trace.probabilities(), model, 1e-14);
    }
    assertTrue(
        browser
            .text("document.getElementById('before').textContent")
            .contains("repetition-penalty, frequency/presence-penalty, logit-bias"));
    browser.checkConsole();
  }
}
