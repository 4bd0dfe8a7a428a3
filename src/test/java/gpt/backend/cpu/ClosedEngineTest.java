package gpt.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import gpt.OnFull;
import gpt.backend.reference.ReferenceEngine;
import gpt.engine.Context;
import gpt.engine.Engine;
import gpt.generate.Generator;
import gpt.generate.Request;
import gpt.generate.Requests;
import gpt.model.Contexts;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.model.RandomWeights;
import gpt.model.Weights;
import gpt.sampling.SamplingParameters;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A closed engine rejects every call; an engine without threads cannot be opened. */
class ClosedEngineTest {
  private static final GptConfig CONFIG = RandomWeights.shape(2, 2, 64, 40, 65, true, Gelu.EXACT);
  private static final Weights WEIGHTS = RandomWeights.of(CONFIG, 1, 0.1f);

  /** 0 threads stands for the reference engine. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2})
  void rejectsEveryCallAfterClose(int threads) {
    Engine engine =
        threads == 0
            ? new ReferenceEngine(CONFIG, WEIGHTS)
            : CpuEngine.open(CONFIG, WEIGHTS, threads);
    int[] ids = {1, 2, 3};
    Context context = new Context(engine);
    Context other = new Context(engine);
    context.append(ids);
    engine.close();
    engine.close();
    assertRefused(() -> context.append(ids));
    assertRefused(() -> context.append(ids, (pos, logits) -> {}));
    assertRefused(() -> context.losses(ids, ids));
    assertRefused(() -> context.append(4));
    assertRefused(() -> other.copyFrom(context));
    assertRefused(engine::open);
    Request request =
        Requests.of(
            ids,
            10,
            OptionalInt.empty(),
            List.of(),
            OnFull.SLIDE,
            new SamplingParameters(0, 0, 0),
            0,
            1);
    assertRefused(
        () ->
            new Generator(engine, Optional.empty()).generate(request, (sample, id, text) -> true));
    context.close();
    other.close();
  }

  /** The call must throw, and must not hang. */
  private static void assertRefused(Executable call) {
    IllegalStateException e =
        assertTimeoutPreemptively(
            Duration.ofMinutes(1), () -> assertThrows(IllegalStateException.class, call));
    assertEquals(Contexts.closed().getMessage(), e.getMessage());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -1})
  void rejectsFewerThanOneThread(int threads) {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class, () -> CpuEngine.open(CONFIG, WEIGHTS, threads));
    assertEquals("threads: must be 1 or more, found " + threads, e.getMessage());
  }

  @Test
  void closedWorkersRejectLoops() {
    Workers workers = new Workers(2);
    workers.close();
    assertRefused(() -> workers.run(5, (item, worker) -> {}));
  }
}
