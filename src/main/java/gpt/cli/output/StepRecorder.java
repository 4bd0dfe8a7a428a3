package gpt.cli.output;

import gpt.GptException;
import gpt.engine.Engine;
import gpt.explore.plot.PlotFile;
import gpt.explore.plot.StepBars;
import gpt.explore.plot.StepCharts;
import gpt.explore.plot.StepsPage;
import gpt.sampling.ChainStep;
import gpt.sampling.ChainTrace;
import gpt.sampling.SamplingParameters;
import gpt.tokenizer.Vocabulary;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** Collects the steps of sampling and writes a picture or page of them. */
public final class StepRecorder {
  private static final String TITLE = "How the next token is drawn";

  /** Most bars of one chart. */
  private static final int MAX_BARS = 40;

  /** Columns for the end of the context in a chart's title. */
  private static final int CONTEXT = 24;

  private final PlotFile file;
  private final SamplingParameters parameters;
  private final Vocabulary vocabulary;
  private final int[] prompt;
  private final int top;
  private final Consumer<String> note;
  private final List<StepBars> bars = new ArrayList<>();
  private StepsPage page; // null if the file is a picture
  private ContextTail context;
  private int[] ids; // the context's tokens
  private int[] text; // the first completion, without its last token
  private int sample = -1;
  private int steps;

  /**
   * A recorder.
   *
   * @param top candidates of each step; 0 is all
   * @param note takes a line for the user
   */
  public StepRecorder(
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
    this.top = top == 0 ? MAX_BARS : Math.min(top, MAX_BARS);
    this.note = note;
  }

  /** Adds a step of a completion. All steps of one completion come before the next one's. */
  public void add(int completion, ChainTrace trace) {
    if (completion != sample) {
      sample = completion;
      context = new ContextTail(vocabulary, prompt, CONTEXT);
      ids = prompt;
    }
    String number = completion > 0 ? "sample " + completion : "";
    if (file.format() == PlotFile.Format.HTML) {
      addToPage(number, ids, trace); // the page counts the steps itself
      text = completion == 0 ? ids : text;
    } else {
      String title = number.isEmpty() ? "" : number + ", ";
      addToPicture(title + "step " + (trace.step() + 1) + ": " + context, trace);
    }
    context.add(trace.chosen());
    ids = Arrays.copyOf(ids, ids.length + 1);
    ids[ids.length - 1] = trace.chosen();
  }

  /** Adds a step for the token after the prompt, with a name in its title. */
  public void addNext(String name, ChainTrace trace) {
    if (file.format() == PlotFile.Format.HTML) {
      addToPage(name, prompt, trace);
    } else {
      addToPicture(name + ": " + new ContextTail(vocabulary, prompt, CONTEXT), trace);
    }
  }

  private void addToPicture(String title, ChainTrace trace) {
    steps++;
    if (bars.size() < StepCharts.MAX_STEPS) {
      bars.add(StepBars.of(title, trace, top, vocabulary::label));
    }
  }

  private void addToPage(String name, int[] context, ChainTrace trace) {
    steps++;
    if (page == null) {
      page = new StepsPage(TITLE, parameters, vocabulary.labels(trace.logits().length));
    }
    if (page.hasRoom()) {
      page.add(name, context, trace);
    }
  }

  /**
   * Writes the picture or page.
   *
   * @param engine computes what the page shows of the layers
   */
  public void write(Engine engine) {
    if (steps == 0) {
      note.accept("no token was drawn, so there is nothing to plot");
      return;
    }
    int shown = page == null ? bars.size() : page.steps();
    if (page == null) {
      file.write(new StepCharts(TITLE, settings(), bars));
    } else {
      addLayers(engine);
      file.write(page.html());
    }
    if (shown < steps) {
      note.accept(
          "%s has room for the first %s of %s steps%s"
              .formatted(
                  page == null ? "the picture" : "the page",
                  shown,
                  steps,
                  page == null ? "; a page (--plot FILE.html) takes more" : ""));
    }
    note.accept("wrote " + file.path());
  }

  private void addLayers(Engine engine) {
    int[] shown = text == null ? prompt : text;
    if (prompt.length > engine.config().blockSize()) {
      return; // the model sees another text
    }
    try {
      if (!page.addLayers(engine, shown, prompt.length)) {
        note.accept("the page has no room for the layers and attention weights of all steps");
      }
    } catch (GptException e) {
      note.accept("the page has no layers and attention weights: " + e.getMessage());
    }
  }

  private String settings() {
    String settings =
        Arrays.stream(ChainStep.values())
            .filter(step -> step.isOn(parameters))
            .filter(step -> step != ChainStep.TEMPERATURE || context != null)
            .map(step -> step.setting(parameters))
            .collect(Collectors.joining(", "));
    return (settings.isEmpty() ? "no sampling steps" : settings) + ", seed " + parameters.seed();
  }
}
