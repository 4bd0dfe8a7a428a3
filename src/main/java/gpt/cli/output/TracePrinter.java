package gpt.cli.output;

import gpt.generate.FinishedCompletion;
import gpt.generate.Request;
import gpt.sampling.ChainTrace;
import gpt.tokenizer.Vocabulary;
import java.io.IOException;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** Prints each step of decoding with its candidates, and each completion's text at its end. */
public final class TracePrinter implements CompletionPrinter {
  /** Columns for the end of the context. */
  private static final int CONTEXT = 60;

  private final Vocabulary vocabulary;
  private final Request request;
  private final int blockSize;
  private final int top;
  private ContextTail context;

  /**
   * A printer.
   *
   * @param blockSize most tokens of a context
   * @param top candidates to show; 0 is all
   */
  public TracePrinter(Vocabulary vocabulary, Request request, int blockSize, int top) {
    this.vocabulary = vocabulary;
    this.request = request;
    this.blockSize = blockSize;
    this.top = top;
    context = new ContextTail(vocabulary, request.promptIds(), CONTEXT);
  }

  @Override
  public void begin() {}

  @Override
  public void traced(int sample, ChainTrace trace) throws IOException {
    int[] ids = trace.likeliest(top == 0 ? trace.logits().length : top);
    StepTable table = new StepTable(trace, ids, vocabulary, StepTable.modelAndDrawn(trace));
    String heading = request.samples() > 1 ? "sample " + sample + ", step " : "step ";
    StandardOutput.write(
        heading
            + (trace.step() + 1)
            + length(trace.step())
            + ": "
            + context
            + "\n"
            + table.text()
            + NextPrinter.draw(trace, vocabulary)
            + "\n");
    context.add(trace.chosen());
  }

  /** The context's length, and how many of the first tokens were cropped. */
  private String length(int step) {
    int tokens = request.promptIds().length + step;
    int cropped = Math.max(0, tokens - blockSize);
    return String.format(
        Locale.ROOT,
        ", context %d of %d tokens%s",
        tokens - cropped,
        blockSize,
        cropped == 0 ? "" : ", the first " + cropped + " cropped");
  }

  @Override
  public void token(int id, String text) {}

  @Override
  public void ended(FinishedCompletion completion) throws IOException {
    context = new ContextTail(vocabulary, request.promptIds(), CONTEXT);
    String prompt = new TextPrinter(vocabulary.tokenizer(), request).prompt();
    String text = completion.text();
    if (text == null) {
      text = Arrays.stream(completion.ids()).mapToObj(id -> " " + id).collect(Collectors.joining());
    }
    StandardOutput.write(prompt + text + "\n\n");
  }
}
