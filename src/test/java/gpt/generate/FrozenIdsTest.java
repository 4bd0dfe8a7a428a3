package gpt.generate;

import static org.junit.jupiter.api.Assertions.assertEquals;

import gpt.OnFull;
import gpt.backend.cpu.CpuEngine;
import gpt.checkpoint.Checkpoint;
import gpt.engine.Engine;
import gpt.generate.beam.Beams;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.model.Precision;
import gpt.model.RandomWeights;
import gpt.sampling.SamplingParameters;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Compares ids with those of version 0.1.0 on the CPU, at commit e26935a: the demo and two random
 * models, its precisions, several sampling chains, several completions, beam search and a sliding
 * context window. A change that intends other ids rewrites the file with {@code
 * -Dfrozen.write=true} and says why in its commit.
 */
class FrozenIdsTest {
  private static final Path FILE = Path.of("src/test/resources/golden/ids-0.1.0.txt");

  private static final Set<Precision> PRECISIONS =
      EnumSet.complementOf(EnumSet.of(Precision.Q4, Precision.STORED)); // not in version 0.1.0

  @Test
  void idsAreThoseOfVersion01() throws Exception {
    List<String> lines = new ArrayList<>();
    try (Checkpoint demo = Checkpoint.open(Path.of("weights/shakespeare-char"))) {
      for (Precision precision : PRECISIONS) {
        try (Engine engine =
            CpuEngine.open(demo.config(), demo.weights(), precision, 2, fraction -> {})) {
          lines(lines, "demo " + precision.word(), engine, new int[] {30, 27, 25, 17, 27, 10, 0});
        }
      }
    }
    for (GptConfig config :
        List.of(
            RandomWeights.shape(2, 3, 48, 24, 97, true, Gelu.EXACT),
            RandomWeights.shape(1, 4, 260, 33, 301, false, Gelu.TANH))) {
      for (Precision precision : PRECISIONS) {
        try (Engine engine =
            CpuEngine.open(
                config, RandomWeights.of(config, 15, 0.1f), precision, 2, fraction -> {})) {
          lines(lines, "random " + config.nEmbd() + " " + precision.word(), engine, prompt(11));
        }
      }
    }
    if (Boolean.getBoolean("frozen.write")) {
      Files.write(FILE, lines);
    }
    List<String> expected = Files.readAllLines(FILE);
    assertEquals(expected.size(), lines.size());
    for (int i = 0; i < lines.size(); i++) {
      assertEquals(expected.get(i), lines.get(i));
    }
  }

  private static int[] prompt(int length) {
    int[] prompt = new int[length];
    Arrays.setAll(prompt, i -> (i * 37 + 5) % 61);
    return prompt;
  }

  private static Map<String, SamplingParameters> chains() {
    Map<String, SamplingParameters> chains = new TreeMap<>();
    chains.put("greedy", SamplingParameters.greedy());
    chains.put("default", new SamplingParameters(0.8, 200, 1337));
    chains.put("plain", builder().build());
    chains.put("top-p", builder().topP(0.8).build());
    chains.put("min-p", builder().minP(0.05).temperature(1.3).build());
    chains.put("typical", builder().typicalP(0.7).build());
    chains.put(
        "penalties",
        builder().repetitionPenalty(1.3).frequencyPenalty(0.2).presencePenalty(0.4).build());
    chains.put(
        "bias",
        builder()
            .logitBias(3, 2)
            .logitBias(7, Double.NEGATIVE_INFINITY)
            .minNewTokens(9)
            .topK(9)
            .build());
    return chains;
  }

  private static SamplingParameters.Builder builder() {
    return SamplingParameters.builder().seed(42);
  }

  private static void lines(List<String> lines, String model, Engine engine, int[] prompt) {
    Generator generator = new Generator(engine, Optional.empty());
    int max = engine.config().blockSize() > 100 ? 60 : 40; // beyond small context windows
    Listener ignore = (sample, id, text) -> true;
    chains()
        .forEach(
            (name, chain) ->
                generator
                    .generate(
                        Requests.of(
                            prompt, max, OptionalInt.of(1), List.of(), OnFull.SLIDE, chain, 0, 3),
                        ignore)
                    .forEach(
                        one ->
                            lines.add(
                                "%s %s %s %s"
                                    .formatted(
                                        model, name, one.sample(), Arrays.toString(one.ids())))));
    generator
        .search(
            Requests.of(
                prompt,
                10,
                OptionalInt.of(1),
                List.of(),
                OnFull.STOP,
                SamplingParameters.greedy(),
                0,
                2),
            new Beams(4, 1),
            ignore)
        .forEach(
            one -> lines.add(model + " beams " + one.sample() + " " + Arrays.toString(one.ids())));
  }
}
