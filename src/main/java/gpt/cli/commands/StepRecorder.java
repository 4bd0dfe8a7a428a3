package gpt.cli.commands;

import gpt.cli.output.ContextTail;
import gpt.explore.PlotFile;
import gpt.explore.StepBars;
import gpt.explore.StepCharts;
import gpt.explore.StepsPage;
import gpt.sampling.ChainStep;
import gpt.sampling.ChainTrace;
import gpt.sampling.SamplingParameters;
import gpt.tokenizer.Vocabulary;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** Keeps the steps of a generation for a picture of them. */
final class StepRecorder {
  private static final String TITLE = "How the next token is drawn";

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
  private StepsPage page; // where the file is one
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
    String number = of > 0 ? "sample " + of + ", " : "";
    if (file.format() == PlotFile.Format.HTML) {
      add(number + context, trace); // the page counts the steps itself
    } else {
      add(number + "step " + (trace.step() + 1) + ": " + context, trace);
    }
    context.add(trace.chosen());
  }

  /** Adds another draw of the prompt's next token, labelled with a name. */
  void addNext(String name, ChainTrace trace) {
    add(name + ": " + new ContextTail(vocabulary, prompt, CONTEXT), trace);
  }

  private void add(String title, ChainTrace trace) {
    steps++;
    if (file.format() == PlotFile.Format.HTML) {
      addToPage(title, trace);
    } else if (bars.size() < StepCharts.MAX_STEPS) {
      bars.add(StepBars.of(title, trace, top, vocabulary::label));
    }
  }

  private void addToPage(String title, ChainTrace trace) {
    if (page == null) {
      page = new StepsPage(TITLE, parameters, vocabulary.labels(trace.logits().length));
    }
    if (page.hasRoom()) {
      page.add(title, trace);
    }
  }

  /** Writes the picture. */
  void write() {
    if (steps == 0) {
      note.accept("no token was drawn, so there is nothing to plot");
      return;
    }
    int shown = page == null ? bars.size() : page.steps();
    if (page == null) {
      file.write(new StepCharts(TITLE, settings(), bars));
    } else {
      file.write(page.html());
    }
    if (shown < steps) {
      note.accept(
          (page == null ? "the picture" : "the page")
              + " has room for the first "
              + shown
              + " of "
              + steps
              + " steps"
              + (page == null ? "; a page, --plot FILE.html, has room for more" : ""));
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
