package gpt.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import gpt.generate.Generator;
import gpt.generate.OnFull;
import gpt.generate.Request;
import gpt.model.Backend;
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

/** A backend that is closed says so, and one without a thread is refused. */
class ClosedBackendTest {
  private static final GptConfig CONFIG = RandomWeights.shape(2, 2, 64, 40, 65, true, Gelu.EXACT);
  private static final Weights WEIGHTS = RandomWeights.of(CONFIG, 1, 0.1f);

  /** 0 for the reference; GPT-2's prompts share loops among the threads. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2})
  void nothingIsComputedAfterClose(int threads) {
    Backend backend =
        threads == 0
            ? new ReferenceBackend(CONFIG, WEIGHTS)
            : CpuBackend.open(CONFIG, WEIGHTS, threads);
    int[] ids = {1, 2, 3};
    Backend.Session session = backend.newSession();
    session.prefill(ids);
    backend.close();
    backend.close();
    assertRefused(() -> session.prefill(ids));
    assertRefused(() -> session.prefill(ids, (pos, logits) -> {}));
    assertRefused(() -> session.losses(ids, ids));
    assertRefused(() -> session.decode(4));
    assertRefused(backend::newSession);
    Request request =
        new Request(
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
            new Generator(backend, Optional.empty()).generate(request, (sample, id, text) -> true));
    session.close();
  }

  /** It must not take for ever either. */
  private static void assertRefused(Executable call) {
    IllegalStateException e =
        assertTimeoutPreemptively(
            Duration.ofMinutes(1), () -> assertThrows(IllegalStateException.class, call));
    assertEquals(Contexts.closed().getMessage(), e.getMessage());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -1})
  void atLeastOneThreadComputes(int threads) {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class, () -> CpuBackend.open(CONFIG, WEIGHTS, threads));
    assertEquals("threads: must be 1 or more, found " + threads, e.getMessage());
  }

  @Test
  void aClosedTeamTakesNoLoop() {
    Workers workers = new Workers(2);
    workers.close();
    assertRefused(() -> workers.run(5, (item, worker) -> {}));
  }
}
