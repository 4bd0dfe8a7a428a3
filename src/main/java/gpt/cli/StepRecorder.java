package gpt.cli;

import gpt.plot.PlotFile;
import gpt.plot.StepBars;
import gpt.plot.StepCharts;
import gpt.sampling.ChainStep;
import gpt.sampling.ChainTrace;
import gpt.sampling.SamplingParameters;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** Keeps the steps of a generation for a picture of them. */
final class StepRecorder {
  /** Bars of one chart. */
  private static final int MOST_BARS = 40;

  /** Columns of the context's end in a chart's title. */
  private static final int CONTEXT = 24;

  private final PlotFile file;
  private final SamplingParameters parameters;
  private final Vocabulary vocabulary;
  private final int[] prompt;
  private final int top;
  private final Consumer<String> note;
  private final List<StepBars> bars = new ArrayList<>();
  private ContextTail context;
  private int sample = -1;
  private int steps;

  /**
   * A recorder.
   *
   * @param top candidates of each step; 0 is all
   * @param note takes a line for the user
   */
  StepRecorder(
      PlotFile file,
      SamplingParameters parameters,
      Vocabulary vocabulary,
      int[] prompt,
      int top,
      Consumer<String> note) {
    this.file = file;
    this.parameters = parameters;
    this.vocabulary = vocabulary;
    this.prompt = prompt;
    this.top = top == 0 ? MOST_BARS : Math.min(top, MOST_BARS);
    this.note = note;
  }

  /** Adds a step; those of one sample come in order. */
  void add(int of, ChainTrace trace) {
    if (of != sample) {
      sample = of;
      context = new ContextTail(vocabulary, prompt, CONTEXT);
    }
    String number = (of > 0 ? "sample " + of + ", " : "") + "step " + (trace.step() + 1);
    add(number + ": " + context, trace);
    context.add(trace.chosen());
  }

  /** Adds a chart with a title of its own. */
  void add(String title, ChainTrace trace) {
    steps++;
    if (bars.size() < StepCharts.MOST_STEPS) {
      bars.add(StepBars.of(title, trace, top, vocabulary::label));
    }
  }

  /** Writes the picture. */
  void write() {
    if (steps == 0) {
      note.accept("no token was drawn, so there is nothing to plot");
      return;
    }
    file.write(new StepCharts("How the next token is drawn", settings(), bars));
    if (bars.size() < steps) {
      note.accept(
          "the picture has the first "
              + bars.size()
              + " of "
              + steps
              + " steps; take fewer with --max-new-tokens, or a page, --plot FILE.html");
    }
    note.accept("wrote " + file.path());
  }

  private String settings() {
    String settings =
        Arrays.stream(ChainStep.values())
            .filter(step -> step.isOn(parameters))
            .filter(step -> step != ChainStep.TEMPERATURE || context != null)
            .map(step -> step.setting(parameters))
            .collect(Collectors.joining(", "));
    return (settings.isEmpty() ? "as the model says" : settings) + ", seed " + parameters.seed();
  }
}
