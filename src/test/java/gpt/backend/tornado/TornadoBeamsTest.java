package gpt.backend.tornado;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.GptException;
import gpt.OnFull;
import gpt.backend.cpu.CpuEngine;
import gpt.backend.reference.ReferenceEngine;
import gpt.checkpoint.Checkpoint;
import gpt.emulator.OneOrder;
import gpt.engine.Engine;
import gpt.engine.LoadProgress;
import gpt.generate.FinishedCompletion;
import gpt.generate.Generator;
import gpt.generate.Request;
import gpt.generate.Requests;
import gpt.generate.beam.Beams;
import gpt.model.Approximations;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.model.Precision;
import gpt.model.RandomWeights;
import gpt.model.Weights;
import gpt.sampling.SamplingParameters;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Beam search on a device against the host's, which is checked against exhaustive search. */
@Tag("kernels")
class TornadoBeamsTest implements OneOrder {
  private static final long SEED = 815;
  private static final int V = 31;

  private static TornadoEngine open(
      GptConfig config,
      Weights weights,
      TornadoDevices.Device device,
      int beams,
      Profile profile,
      int promptLength) {
    return TornadoEngine.open(
        config,
        weights,
        new TornadoEngine.Options(
            device, Precision.F32, Approximations.NONE, beams, 0, promptLength, profile, true),
        LoadProgress.NONE);
  }

  private static Request request(
      int[] prompt, int max, int end, SamplingParameters s, int samples) {
    OptionalInt endId = end < 0 ? OptionalInt.empty() : OptionalInt.of(end);
    return Requests.of(prompt, max, endId, List.of(), OnFull.STOP, s, 0, samples);
  }

  private static void assertSameBeams(
      Engine host, Engine device, Request request, Beams beams, String what) {
    List<FinishedCompletion> expected = search(host, request, beams);
    List<FinishedCompletion> found = search(device, request, beams);
    assertEquals(expected.size(), found.size(), what);
    for (int i = 0; i < expected.size(); i++) {
      String beam = what + ", beam " + i;
      assertEquals(
          Arrays.toString(expected.get(i).ids()), Arrays.toString(found.get(i).ids()), beam);
      assertEquals(
          expected.get(i).score().orElseThrow(), found.get(i).score().orElseThrow(), 1e-3, beam);
      assertEquals(expected.get(i).stopReason(), found.get(i).stopReason(), beam);
    }
  }

  private static List<FinishedCompletion> search(Engine engine, Request request, Beams beams) {
    return new Generator(engine, Optional.empty())
        .search(request, beams, (sample, id, text) -> true);
  }

  @ParameterizedTest
  @MethodSource("gpt.backend.tornado.TornadoModelTest#devices")
  void beamsEqualTheHosts(TornadoDevices.Device device) {
    GptConfig config = RandomWeights.shape(2, 3, 15, 24, V, true, Gelu.EXACT);
    Weights weights = RandomWeights.of(config, SEED, 0.5f);
    for (int beams : new int[] {1, 4}) {
      try (TornadoEngine engine = open(config, weights, device, beams, null, 0);
          ReferenceEngine reference = new ReferenceEngine(config, weights)) {
        SamplingParameters greedy = SamplingParameters.greedy();
        for (int length : new int[] {1, 20}) { // the longer one fills its context
          int[] prompt = new Random(SEED + length).ints(length, 0, V).toArray();
          for (int end : new int[] {-1, 7}) {
            assertSameBeams(
                reference,
                engine,
                request(prompt, 8, end, greedy, beams),
                new Beams(beams, 0.7),
                "beams " + beams + ", prompt " + length + ", end " + end);
          }
        }
        // With a bias the host finds candidates, from the device's logits.
        SamplingParameters biased =
            SamplingParameters.builder().temperature(0).logitBias(3, 2).minNewTokens(2).build();
        assertSameBeams(
            reference,
            engine,
            request(new int[] {4, 5}, 4, 7, biased, 1),
            new Beams(beams, 1),
            "biased");
        engine.open().close();
      }
    }
  }

  /** Not on the emulator, which would take a minute. */
  @Test
  @Tag("tornado")
  void beamsOfTheDemoEqualTheHosts() {
    TornadoDevices.Device device = TornadoDevices.find().first();
    try (Checkpoint checkpoint = Checkpoint.open(Path.of("weights/shakespeare-char"));
        TornadoEngine engine = open(checkpoint.config(), checkpoint.weights(), device, 4, null, 3);
        CpuEngine host = CpuEngine.open(checkpoint.config(), checkpoint.weights(), 2)) {
      Request request = request(new int[] {30, 27, 25}, 60, -1, SamplingParameters.greedy(), 4);
      assertSameBeams(host, engine, request, new Beams(4, 1), "demo");
    }
  }

  @ParameterizedTest
  @MethodSource("gpt.backend.tornado.TornadoModelTest#devices")
  void aDamagedModelGivesNoCandidates(TornadoDevices.Device device) {
    GptConfig config = RandomWeights.shape(1, 1, 8, 24, V, true, Gelu.EXACT);
    try (TornadoEngine engine =
        open(config, RandomWeights.of(config, SEED, Float.NaN), device, 2, null, 0)) {
      Request request = request(new int[] {1}, 3, -1, SamplingParameters.greedy(), 1);
      GptException e =
          assertThrows(GptException.class, () -> search(engine, request, new Beams(2, 1)));
      assertTrue(e.getMessage().startsWith("the model produced NaN logits; "), e::toString);
      assertTrue(e.getMessage().endsWith(" (new token 1)"), e::toString);
      engine.open().close();
    }
  }
}
