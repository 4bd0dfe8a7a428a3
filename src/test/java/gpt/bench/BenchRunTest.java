package gpt.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.backend.cpu.CpuEngine;
import gpt.engine.Engine;
import gpt.engine.Work;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.model.RandomWeights;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** What {@link Bench} times, with a fake clock that each step advances. */
class BenchRunTest {
  private static final double WEIGHT_BYTES = 1e6;

  private static final GptConfig CONFIG = RandomWeights.shape(1, 1, 8, 64, 11, true, Gelu.EXACT);

  private final List<String> calls = new ArrayList<>();
  private long now = 1000;
  private int probes;

  /** Advances the clock by 7 ns per prompt token and 100 ns per decode step. */
  private Engine slow(Engine real) {
    return stepping(
        real,
        work -> {
          int count = work.get(0).append().length;
          now += count > 1 ? 7L * count * work.size() : 100;
          calls.add(count > 1 ? "prompt " + count * work.size() : "token");
        });
  }

  private static Engine stepping(Engine real, Consumer<List<Work>> before) {
    return (Engine)
        Proxy.newProxyInstance(
            BenchRunTest.class.getClassLoader(),
            new Class<?>[] {Engine.class},
            (proxy, method, args) -> {
              if (method.getName().equals("step")) {
                @SuppressWarnings("unchecked")
                List<Work> work = (List<Work>) args[0];
                before.accept(work);
              }
              return invoke(real, method, args);
            });
  }

  private static Object invoke(Object on, java.lang.reflect.Method method, Object[] args)
      throws Throwable {
    try {
      return method.invoke(on, args);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  private BenchResult run(BenchTest test, int repetitions, boolean warmUp) {
    try (CpuEngine real = CpuEngine.open(CONFIG, RandomWeights.of(CONFIG, 1, 0.1f), 1)) {
      Bench bench = new Bench(slow(real), WEIGHT_BYTES, () -> 1e9 * ++probes, () -> now);
      return bench.run(test, repetitions, warmUp, () -> {});
    }
  }

  @Test
  void aPromptIsOneStep() {
    BenchResult result = run(new BenchTest(20, 0), 2, false);
    assertArrayEquals(new long[] {140, 140}, result.nanos());
    assertEquals(20 / 140e-9, result.meanTokensPerSecond(), 1);
    assertEquals(0, result.deviationTokensPerSecond(), 1e-9);
    assertEquals(140e-6, result.firstTokenMillis(), 1e-12);
    assertTrue(Double.isNaN(result.share()));
    assertEquals(
        List.of("token", "prompt 20", "token", "prompt 20"),
        calls,
        "an untimed token after each probe");
  }

  @Test
  void decodingStartsFromAnEmptySequence() {
    BenchResult result = run(new BenchTest(0, 3), 3, false);
    assertArrayEquals(new long[] {300, 300, 300}, result.nanos());
    assertEquals(1e7, result.meanTokensPerSecond(), 1e-3);
    assertTrue(Double.isNaN(result.firstTokenMillis()));
    assertArrayEquals(new double[] {1e9, 2e9, 3e9}, result.probes());
    // Each share is relative to the probe before it; the median probe is 2 GB/s.
    assertEquals(result.bytesPerToken() * 1e7 / 2e9, result.share(), 1e-6);
    assertEquals(result.bytesPerToken() / 100, result.gigabytesPerSecond(), 1e-6);
  }

  @Test
  void aTestCanPrefillAndDecode() {
    BenchResult result = run(new BenchTest(10, 2), 1, false);
    assertArrayEquals(new long[] {270}, result.nanos());
    assertEquals(12 / 270e-9, result.meanTokensPerSecond(), 1);
    assertEquals(70e-6, result.firstTokenMillis(), 1e-12);
  }

  @Test
  void sequencesAreSteppedTogether() {
    BenchResult result = run(new BenchTest(10, 2, 3), 1, false);
    assertEquals("pp10+tg2@3", result.test().name());
    assertEquals(List.of("token", "prompt 30", "token", "token"), calls);
    assertEquals(36 / 410e-9, result.meanTokensPerSecond(), 1);
  }

  @Test
  void warmsUpForTwoSecondsAndUntilRunsStopGettingFaster() {
    now = 0;
    List<Long> steps = List.of(1_500_000_000L, 900_000_000L, 500_000_000L, 480_000_000L, 10L);
    int[] at = {-1};
    try (CpuEngine real = CpuEngine.open(CONFIG, RandomWeights.of(CONFIG, 1, 0.1f), 1)) {
      Engine engine =
          stepping(real, work -> now += work.get(0).append().length == 4 ? steps.get(++at[0]) : 0);
      BenchResult result =
          new Bench(engine, WEIGHT_BYTES, () -> 1, () -> now)
              .run(new BenchTest(4, 0), 1, true, () -> {});
      // At 1.5, 2.4 (faster), 2.9 (faster), 3.38 s (hardly faster); then the timed run.
      assertArrayEquals(new long[] {10}, result.nanos());
    }
  }

  /** Otherwise the first timed run would reach code that the JIT has not compiled. */
  @Test
  void warmUpRunsTheSameStepsAsATimedRun() {
    run(new BenchTest(60, 0), 1, false);
    List<String> timed = List.copyOf(calls);
    calls.clear();
    BenchTest test = new BenchTest(60, 0);
    try (CpuEngine real = CpuEngine.open(CONFIG, RandomWeights.of(CONFIG, 1, 0.1f), 1)) {
      long[] reads = {0};
      // Each read of the clock advances it by a second.
      new Bench(slow(real), WEIGHT_BYTES, () -> 1, () -> 1_000_000_000L * ++reads[0])
          .run(test, 1, true, () -> {});
    }
    assertEquals(timed, calls.subList(0, timed.size()));
  }

  @Test
  void statisticsUseTheSampleDeviation() {
    double[] samples = {2, 4, 4, 4, 5, 5, 7, 9};
    assertEquals(5, Statistics.mean(samples));
    assertEquals(Math.sqrt(32 / 7.0), Statistics.deviation(samples), 1e-12);
    assertEquals(4.5, Statistics.median(samples));
    assertEquals(3, Statistics.median(new double[] {9, 3, 1}));
    assertEquals(0, Statistics.deviation(new double[] {3}));
  }
}
