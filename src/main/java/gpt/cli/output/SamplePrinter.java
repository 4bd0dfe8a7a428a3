package gpt.cli.output;

import gpt.generate.Generation;
import gpt.sampling.ChainTrace;
import java.io.IOException;

/** Puts samples on standard output. */
public interface SamplePrinter {
  /** Before anything is generated. */
  void begin() throws IOException;

  /** How the token was drawn that comes next, where that is wanted. */
  default void traced(int sample, ChainTrace trace) throws IOException {}

  /** A token, with the text that can be shown now. */
  void token(int id, String text) throws IOException;

  /** A sample has ended. */
  void ended(Generation generation) throws IOException;
}
