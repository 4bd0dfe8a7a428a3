package gpt.explore.plot;

import gpt.sampling.ChainTrace;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.IntFunction;

/**
 * The bars of one step of sampling.
 *
 * @param title the step's number and the end of its context
 * @param bars the candidates, in the order of the model's probabilities, largest first
 */
public record StepBars(String title, List<Bar> bars) {

  /**
   * A candidate.
   *
   * @param label the token
   * @param model its probability by the model
   * @param drawn its probability after the sampling chain
   * @param chosen whether it was drawn
   */
  public record Bar(String label, double model, double drawn, boolean chosen) {}

  /**
   * The model's likeliest candidates of a step, and the drawn token if it is not among them.
   *
   * @param top number of candidates
   * @param labels returns the label of an id
   */
  public static StepBars of(String title, ChainTrace trace, int top, IntFunction<String> labels) {
    double[] drawn = trace.drawn();
    List<Bar> bars = new ArrayList<>();
    boolean shown = false;
    for (int id : trace.likeliest(top)) {
      shown |= id == trace.chosen();
      bars.add(bar(id, trace, drawn, labels));
    }
    if (!shown) {
      bars.add(bar(trace.chosen(), trace, drawn, labels));
    }
    return new StepBars(title, List.copyOf(bars));
  }

  private static Bar bar(int id, ChainTrace trace, double[] drawn, IntFunction<String> labels) {
    return new Bar(labels.apply(id), trace.probabilities()[id], drawn[id], id == trace.chosen());
  }

  /** A text alternative. */
  String description() {
    StringBuilder text = new StringBuilder(title).append(':');
    for (Bar bar : bars) {
      text.append(
          String.format(
              Locale.ROOT,
              " %s %.4f, model %.4f%s;",
              bar.label,
              bar.drawn,
              bar.model,
              bar.chosen ? ", drawn" : ""));
    }
    return text.toString();
  }
}
