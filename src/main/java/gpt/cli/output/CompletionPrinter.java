package gpt.cli.output;

import gpt.generate.FinishedCompletion;
import gpt.sampling.ChainTrace;
import java.io.IOException;

/** Prints completions on standard output while they are generated, one after the other. */
public interface CompletionPrinter {
  /** Called before the first token. */
  void begin() throws IOException;

  /** Called before a token, if its sampling is traced. */
  default void traced(int sample, ChainTrace trace) throws IOException {}

  /** Called for each token, with the text that is complete characters so far. */
  void token(int id, String text) throws IOException;

  /** Called when a completion has ended. */
  void ended(FinishedCompletion completion) throws IOException;
}
