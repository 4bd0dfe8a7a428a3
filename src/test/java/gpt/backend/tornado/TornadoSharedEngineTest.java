package gpt.backend.tornado;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import gpt.OnFull;
import gpt.emulator.OneOrder;
import gpt.generate.FinishedCompletion;
import gpt.generate.Generator;
import gpt.generate.Listener;
import gpt.generate.Request;
import gpt.generate.Requests;
import gpt.generate.SharedEngine;
import gpt.generate.beam.Beams;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.model.RandomWeights;
import gpt.model.Weights;
import gpt.sampling.SamplingParameters;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Requests of several threads on one device, whose prompts share a prefix: slots are reused and
 * forked, sequences join and leave recorded graphs. Each completion is the same as alone.
 */
@Tag("kernels")
class TornadoSharedEngineTest implements OneOrder {
  private static final long SEED = 1516;
  private static final int BLOCK = 28;
  private static final int V = 31;
  private static final Listener IGNORE = (sample, id, text) -> true;

  private final GptConfig config = RandomWeights.shape(2, 3, 15, BLOCK, V, true, Gelu.TANH);
  private final Weights weights = RandomWeights.of(config, SEED, 0.5f);

  private static int[] ids(int length, long seed) {
    return new Random(SEED + seed).ints(length, 0, V).toArray();
  }

  /** Prompts with a common prefix of 20 tokens, others, and completions that slide. */
  private static Request request(int i) {
    int[] own = ids(2 + i % 4, i);
    int[] prompt = i % 3 == 2 ? own : Arrays.copyOf(ids(20, 100), 20 + own.length);
    System.arraycopy(own, 0, prompt, prompt.length - own.length, own.length);
    return Requests.of(
        prompt,
        i % 4 == 3 ? 7 : 3 + i % 3,
        OptionalInt.empty(),
        List.of(),
        OnFull.SLIDE,
        new SamplingParameters(i % 2, i % 5, SEED + i),
        0,
        1);
  }

  @ParameterizedTest
  @MethodSource("gpt.backend.tornado.TornadoBatchInvarianceTest#devices")
  void everyThreadGetsTheSameIdsAsAlone(TornadoDevices.Device device) throws Exception {
    List<Request> requests = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      requests.add(request(i));
    }
    Request search =
        Requests.of(
            ids(5, 50),
            4,
            OptionalInt.empty(),
            List.of(),
            OnFull.STOP,
            SamplingParameters.greedy(),
            0,
            1);
    List<int[]> expected = new ArrayList<>();
    try (TornadoEngine engine = TornadoModelTest.open(config, weights, device, 3)) {
      Generator alone = new Generator(engine, Optional.empty());
      for (Request request : requests) {
        expected.add(only(alone.generate(request, IGNORE)));
      }
      expected.add(only(alone.search(search, new Beams(2, 1), IGNORE)));
    }
    try (SharedEngine shared =
            new SharedEngine(() -> TornadoModelTest.open(config, weights, device, 3), 3);
        ExecutorService threads = Executors.newCachedThreadPool()) {
      Generator together = new Generator(shared, Optional.empty());
      List<Future<int[]>> calls = new ArrayList<>();
      for (Request request : requests) {
        calls.add(threads.submit(() -> only(together.generate(request, IGNORE))));
      }
      calls.add(threads.submit(() -> only(together.search(search, new Beams(2, 1), IGNORE))));
      for (int i = 0; i < expected.size(); i++) {
        assertArrayEquals(expected.get(i), calls.get(i).get(), device.id() + ", request " + i);
      }
    }
  }

  private static int[] only(List<FinishedCompletion> generations) {
    assertEquals(1, generations.size());
    return generations.getFirst().ids();
  }
}
