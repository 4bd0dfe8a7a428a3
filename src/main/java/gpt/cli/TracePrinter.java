package gpt.cli;

import gpt.generate.Generation;
import gpt.generate.Request;
import gpt.sampling.ChainTrace;
import java.io.IOException;
import java.util.Arrays;
import java.util.stream.Collectors;

/** The loop in the open: each step with its candidates, and the whole text at the end. */
final class TracePrinter implements SamplePrinter {
  /** Columns of the context's end. */
  private static final int CONTEXT = 60;

  private final Vocabulary vocabulary;
  private final Request request;
  private final int top;
  private ContextTail context;

  /**
   * A printer.
   *
   * @param top candidates to show; 0 is all
   */
  TracePrinter(Vocabulary vocabulary, Request request, int top) {
    this.vocabulary = vocabulary;
    this.request = request;
    this.top = top;
    context = new ContextTail(vocabulary, request.promptIds(), CONTEXT);
  }

  @Override
  public void begin() {}

  @Override
  public void traced(int sample, ChainTrace trace) throws IOException {
    int[] ids = trace.likeliest(top == 0 ? trace.logits().length : top);
    StepTable table =
        new StepTable(trace.logits(), ids, vocabulary, StepTable.modelAndDrawn(trace));
    String heading = request.samples() > 1 ? "sample " + sample + ", step " : "step ";
    StandardOutput.write(
        heading
            + (trace.step() + 1)
            + ": "
            + context
            + "\n"
            + table.text()
            + NextPrinter.draw(trace, vocabulary)
            + "\n");
    context.add(trace.chosen());
  }

  @Override
  public void token(int id, String text) {}

  @Override
  public void ended(Generation generation) throws IOException {
    context = new ContextTail(vocabulary, request.promptIds(), CONTEXT);
    String prompt = new TextPrinter(vocabulary.tokenizer(), request).prompt();
    String text = generation.text();
    if (text == null) {
      text = Arrays.stream(generation.ids()).mapToObj(id -> " " + id).collect(Collectors.joining());
    }
    StandardOutput.write(prompt + text + "\n\n");
  }
}
