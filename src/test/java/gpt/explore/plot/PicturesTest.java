package gpt.explore.plot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.StopReason;
import gpt.Timings;
import gpt.explore.AttentionWeights;
import gpt.explore.BeamTree;
import gpt.explore.Lens;
import gpt.generate.FinishedCompletion;
import gpt.generate.beam.BeamStep.Fate;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;

/** Pictures that are drawn without XChart: they are well-formed and have all labels. */
class PicturesTest {
  private static final double[] ONE = {1};
  private static final double[] NONE = {};

  private static List<String> texts(Picture picture, String description) throws Exception {
    Document svg = Svg.parse(PictureEncoder.svg(picture));
    assertEquals(List.of(picture.title()), Svg.texts(svg, "title"));
    String found = Svg.texts(svg, "desc").getFirst();
    assertTrue(found.contains(description), found);
    return Svg.texts(svg, "text");
  }

  private static void assertHas(List<String> texts, String... expected) {
    for (String each : expected) {
      assertTrue(texts.contains(each), () -> each + " in " + texts);
    }
  }

  @Test
  void barsHaveLabelsAndNumbers() throws Exception {
    BarCharts.Bar bar = new BarCharts.Bar("<a>&", 0.25, 0.1, 0.5, "0.25 (2)");
    BarCharts.Bar longer = new BarCharts.Bar("x".repeat(50), 1, "1");
    BarCharts charts =
        new BarCharts("Title", "note", List.of(new BarCharts.Chart("one", List.of(bar, longer))));
    assertHas(
        texts(charts, "one: <a>& 0.25 (2), xxx"), "<a>&", "0.25 (2)", "x".repeat(41) + "…", "one");
  }

  @Test
  void aTreeHasEveryNode() throws Exception {
    List<BeamTree.Node> first =
        List.of(
            new BeamTree.Node(-1, 0, -0.5, -0.5, Fate.KEPT),
            new BeamTree.Node(-1, 1, -1, -1, Fate.DROPPED));
    List<BeamTree.Node> second = List.of(new BeamTree.Node(0, 2, -0.25, -0.75, Fate.ENDED));
    FinishedCompletion best =
        new FinishedCompletion(
            0,
            new int[] {9},
            new int[] {0, 2},
            "ac",
            StopReason.MAX_NEW_TOKENS,
            List.of(),
            new Timings(0, 0, 0, 0, 0),
            OptionalDouble.of(-0.375));
    BeamTree tree = new BeamTree(List.of(first, second), List.of(best));
    BeamPicture picture = new BeamPicture(tree, "prompt", id -> "t" + id);
    assertHas(
        texts(picture, "Step 1: t0 -0.500 kept; Step 2: t2 -0.750 ended;"),
        "prompt",
        "t0",
        "t1",
        "t2",
        "-0.750",
        "-1.000");
  }

  @Test
  void aLensHasTheLikeliestTokens() throws Exception {
    Lens.Prediction early = new Lens.Prediction(new int[] {1, 2}, new double[] {0.6, 0.4}, 0.4);
    Lens.Prediction late = new Lens.Prediction(new int[] {2, 1}, new double[] {0.9, 0.1}, 0.9);
    Lens lens =
        new Lens(
            new int[] {7},
            0,
            List.of(
                new Lens.Layer(List.of(early), ONE, NONE, NONE),
                new Lens.Layer(List.of(late), ONE, new double[] {2.5}, new double[] {3.25})));
    assertHas(
        texts(new LensPicture(lens, id -> "t" + id), "embed t1 0.60, layer 0 t2 0.90."),
        "t7",
        "t1",
        "t2",
        "0.90",
        "2.50",
        "3.25");
  }

  @Test
  void headsHaveTheirNames() throws Exception {
    List<AttentionMap.Token> tokens =
        List.of(new AttentionMap.Token(0, "a"), new AttentionMap.Token(1, "b"));
    float[][] weights = {{1}, {0.3f, 0.7f}};
    List<AttentionMap> heads =
        IntStream.range(0, 2)
            .mapToObj(head -> new AttentionMap(4, "" + head, "", tokens, weights))
            .toList();
    assertHas(
        texts(new AttentionGrid(List.of(heads)), "1 b (0.70) in layer 4 head 1."),
        "layer 4",
        "head 0",
        "head 1");
  }

  @Test
  void meanAndMaximumAreOverHeads() {
    float[][][] heads = {{{1}, {0.25f, 0.75f}}, {{1}, {0.5f, 0.5f}}};
    assertEquals(0.375f, AttentionWeights.over(heads, false)[1][0]);
    assertEquals(0.75f, AttentionWeights.over(heads, true)[1][1]);
  }
}
