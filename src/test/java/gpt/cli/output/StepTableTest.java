package gpt.cli.output;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.sampling.ChainTrace;
import gpt.sampling.History;
import gpt.sampling.HostSampler;
import gpt.sampling.SamplingParameters;
import gpt.tokenizer.CharacterTokenizer;
import gpt.tokenizer.Vocabulary;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The table of candidates, and the context's end in its title. */
class StepTableTest {
  private static final Vocabulary VOCABULARY =
      new Vocabulary(Optional.of(new CharacterTokenizer(List.of("a", " ", "\n", "国"))));

  private static final float[] LOGITS = {
    (float) Math.log(0.5), (float) Math.log(0.25), (float) Math.log(0.125), (float) Math.log(0.125)
  };

  private static ChainTrace trace(SamplingParameters parameters) {
    return new HostSampler(parameters, 4).trace(LOGITS, null, 0, 0);
  }

  @Test
  void aColumnForEachStepThatIsOnAndARowForTheRest() {
    ChainTrace trace = trace(SamplingParameters.builder().topK(2).build());
    String table =
        new StepTable(trace, new int[] {0, 1, 2}, VOCABULARY, StepTable.columns(trace)).text();
    assertEquals(
        """
        token      id     logit  probability                   top-k 2
        a           0    -0.693  0.5000  ██████████            0.6667  █████████████▍
        ␣           1    -1.386  0.2500  █████                 0.3333  ██████▋
        \\n          2    -2.079  0.1250  ██▌                   cut
        1 more                   0.1250                        0
        """,
        table);
  }

  @Test
  void aPenaltysNewLogitIsShown() {
    SamplingParameters parameters =
        SamplingParameters.builder()
            .repetitionPenalty(2)
            .logitBias(Map.of(1, Double.NEGATIVE_INFINITY))
            .build();
    History history = new History(4);
    history.start(new int[] {0});
    ChainTrace trace = new HostSampler(parameters, 4).trace(LOGITS, history, 0, 0);
    String table =
        new StepTable(trace, new int[] {0, 1}, VOCABULARY, StepTable.modelAndDrawn(trace)).text();
    List<String> lines = table.lines().toList();
    assertTrue(lines.get(0).startsWith("token      id     logit  new logit  probability"), table);
    assertTrue(lines.get(1).startsWith("a           0    -0.693     -1.386  0.5000"), table);
    assertTrue(lines.get(2).startsWith("␣           1    -1.386       -inf  0.2500"), table);
    assertTrue(lines.get(3).startsWith("2 more                              0.2500"), table);
  }

  @Test
  void stepsThatChangeNothingHaveNoColumn() {
    SamplingParameters.Builder on =
        SamplingParameters.builder().repetitionPenalty(2).topK(200).topP(0.9).minP(0.01);
    History history = new History(4);
    history.start(new int[0]);
    for (double temperature : new double[] {1, 0.5}) {
      ChainTrace trace =
          new HostSampler(on.temperature(temperature).build(), 4).trace(LOGITS, history, 0, 0);
      List<String> all = new ArrayList<>(List.of("probability", "repetition_penalty"));
      List<String> changes = new ArrayList<>(List.of("probability"));
      if (temperature != 1) {
        all.add("temperature");
        changes.add("temperature");
      }
      all.addAll(List.of("top_k", "top_p", "min_p"));
      if (temperature != 1) {
        changes.add("top_p"); // three reach 0.9; at temperature 1 it takes all four
      }
      assertEquals(all, keys(StepTable.columns(trace)));
      assertEquals(changes, keys(StepTable.changes(trace)));
    }
  }

  private static List<String> keys(List<StepTable.Column> columns) {
    return columns.stream().map(StepTable.Column::key).toList();
  }

  @Test
  void temperaturesSideBySide() {
    ChainTrace first = trace(SamplingParameters.builder().build());
    List<StepTable.Column> columns =
        StepTable.sideBySide(
            first,
            List.of(
                trace(SamplingParameters.builder().build()),
                trace(SamplingParameters.builder().temperature(0.5).topK(2).build()),
                trace(SamplingParameters.builder().temperature(0).build())));
    assertEquals(
        List.of("probability", "temperature_1", "temperature_0.5", "drawn_0.5", "temperature_0"),
        columns.stream().map(StepTable.Column::key).toList());
    // Squares: 16 : 4 : 1 : 1
    assertEquals(16 / 22.0, columns.get(2).probabilities()[0], 1e-7);
    assertEquals(0.8, columns.get(3).probabilities()[0], 1e-7);
    assertEquals(1, columns.get(4).probabilities()[0]);
  }

  @Test
  void columnsOfATerminal() {
    assertEquals(1, Columns.width("a"));
    assertEquals(2, Columns.width("国"));
    assertEquals(2, Columns.width("\uD83D\uDE42"));
    assertEquals(1, Columns.width("e\u0301"));
    assertEquals("国 |", Columns.left("国", 3) + "|");
    assertEquals("  a", Columns.right("a", 3));
    assertEquals("█████     ", Columns.bar(0.5, 10));
    assertEquals("▏   ", Columns.bar(1 / 32.0, 4));
    assertEquals("    ", Columns.bar(0, 4));
    assertEquals("████", Columns.bar(1.1, 4));
  }

  @Test
  void smallProbabilitiesKeepTheirSize() {
    assertEquals("0.0001", StepTable.probability(0.00005));
    assertEquals("5e-05", StepTable.probability(0.000049));
    assertEquals("1e-300", StepTable.probability(1e-300));
    assertEquals("0", StepTable.probability(0));
  }

  @Test
  void theContextsEndIsCutToItsColumns() {
    ContextTail tail = new ContextTail(VOCABULARY, new int[] {0, 1, 2}, 5);
    assertEquals("a␣\\n", tail.toString());
    tail.add(3);
    assertEquals("…␣\\n国", tail.toString());
    ContextTail ids = new ContextTail(new Vocabulary(Optional.empty()), new int[] {7, 12}, 9);
    assertEquals("7 12", ids.toString());
    assertTrue(new ContextTail(VOCABULARY, new int[50], 10).toString().startsWith("…aaaa"));
  }
}
