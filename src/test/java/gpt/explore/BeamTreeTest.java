package gpt.explore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.OnFull;
import gpt.backend.reference.ReferenceEngine;
import gpt.generate.FinishedCompletion;
import gpt.generate.Generator;
import gpt.generate.Request;
import gpt.generate.Requests;
import gpt.generate.beam.BeamStep.Fate;
import gpt.generate.beam.Beams;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.model.RandomWeights;
import gpt.sampling.SamplingParameters;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class BeamTreeTest {
  private static final int BEAMS = 3;

  private final GptConfig config = RandomWeights.shape(1, 2, 12, 9, 20, true, Gelu.TANH);

  private Request request(int max, OptionalInt end) {
    return Requests.of(
        new int[] {3, 1}, max, end, List.of(), OnFull.STOP, SamplingParameters.greedy(), 0, BEAMS);
  }

  /** Each completion is a path through kept nodes, and its sum is its score. */
  @Test
  void completionsArePathsOfTheTree() {
    try (ReferenceEngine engine =
        new ReferenceEngine(config, RandomWeights.of(config, 50_2026, 0.4f))) {
      Generator generator = new Generator(engine, Optional.empty());
      Request request = request(4, OptionalInt.empty());
      Beams beams = new Beams(BEAMS, 0);
      List<FinishedCompletion> expected =
          generator.search(request, beams, (sample, id, text) -> true);
      BeamTree tree = BeamTree.of(generator, request, beams);
      assertEquals(4, tree.steps().size());
      List<BeamTree.Node> last = tree.steps().getLast();
      for (int i = 0; i < BEAMS; i++) {
        assertEquals(Fate.ENDED, last.get(i).fate());
        assertArrayEquals(expected.get(i).ids(), tree.path(3, i));
        assertEquals(expected.get(i).score().orElseThrow(), last.get(i).sum(), 1e-12);
        assertArrayEquals(expected.get(i).ids(), tree.completions().get(i).ids());
      }
      for (int step = 0; step < 3; step++) {
        List<BeamTree.Node> nodes = tree.steps().get(step);
        assertEquals(2 * BEAMS, nodes.size());
        assertEquals(BEAMS, nodes.stream().filter(n -> n.fate() == Fate.KEPT).count());
        for (BeamTree.Node node : nodes) {
          double above = step == 0 ? 0 : tree.steps().get(step - 1).get(node.parent()).sum();
          assertEquals(node.sum(), above + node.logProbability(), 1e-12);
          assertTrue(node.logProbability() < 0);
        }
      }
    }
  }

  @Test
  void anEndIdEndsABeam() {
    try (ReferenceEngine engine =
        new ReferenceEngine(config, RandomWeights.of(config, 50_2026, 0.4f))) {
      Generator generator = new Generator(engine, Optional.empty());
      Beams beams = new Beams(BEAMS, 1);
      int likeliest =
          BeamTree.of(generator, request(4, OptionalInt.empty()), beams)
              .steps()
              .getFirst()
              .getFirst()
              .id();
      BeamTree tree = BeamTree.of(generator, request(4, OptionalInt.of(likeliest)), beams);
      List<BeamTree.Node> first = tree.steps().getFirst();
      assertEquals(Fate.ENDED, first.getFirst().fate());
      assertEquals(Fate.KEPT, first.get(1).fate());
      for (BeamTree.Node node : tree.steps().get(1)) {
        assertTrue(node.parent() > 0, "no child of the end");
      }
    }
  }
}
