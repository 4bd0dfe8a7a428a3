package gpt.cli.output.explore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import gpt.explore.ExactSoftmax;
import gpt.sampling.SamplingParameters;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class SoftmaxPrinterTest {
  private static final double[] LOGITS = {6, 2, 7, 0.1, -8, 9};

  private static SoftmaxPrinter printer(double[] logits, List<String> words, double... at) {
    return new SoftmaxPrinter(
        logits,
        words,
        Arrays.stream(at)
            .mapToObj(t -> SamplingParameters.builder().temperature(t).build())
            .map(parameters -> ExactSoftmax.of(logits, parameters))
            .toList());
  }

  /** The digits that numpy prints. */
  @Test
  void hasAllDigits() {
    assertHas(
        printer(LOGITS, List.of(), 1).text(),
        "4.19729385e-02",
        "7.68761185e-04",
        "1.14094276e-01",
        "1.14982549e-04",
        "3.49017038e-08",
        "8.43049007e-01");
    assertHas(
        printer(LOGITS, List.of(), 10).text(),
        "0.20299317",
        "0.13607039",
        "0.22434215",
        "0.11252466",
        "0.05005750",
        "0.27401212",
        "1.00000000");
    assertHas(printer(LOGITS, List.of(), 0.1).text(), "9.35762295e-14", "9.99999998e-01");
  }

  private static void assertHas(String text, String... numbers) {
    for (String number : numbers) {
      assertTrue(text.contains(" " + number), number + " in\n" + text);
    }
  }

  @Test
  void aRowIsTheLogitDividedAndItsProbability() {
    String text = printer(new double[] {2, 1, 0.1, -1}, List.of("A", "B", "C", "D"), 0.5).text();
    assertEquals(
        "C       0.1    0.2   0.01928208  1.92820762e-02  ▍", text.lines().toList().get(4), text);
  }

  @Test
  void jsonHasEachTemperature() {
    double[] logits = {6, Double.NEGATIVE_INFINITY, -20};
    JsonObject json =
        JsonParser.parseString(printer(logits, List.of(), 1, 0.5).json()).getAsJsonObject();
    assertEquals("[6.0,null,-20.0]", json.get("logits").toString());
    assertTrue(json.get("words").isJsonNull());
    JsonObject cold = json.getAsJsonArray("temperatures").get(1).getAsJsonObject();
    assertEquals(0.5, cold.get("temperature").getAsDouble());
    assertEquals("[12.0,null,-40.0]", cold.get("scaled").toString());
    assertEquals(Math.exp(-52), cold.getAsJsonArray("probabilities").get(2).getAsDouble(), 1e-30);
    assertEquals(1, cold.get("sum").getAsDouble());
    assertEquals("[2]", cold.get("zero_in_chain").toString());
  }
}
