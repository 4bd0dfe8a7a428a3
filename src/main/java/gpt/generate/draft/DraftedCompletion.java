package gpt.generate.draft;

import gpt.engine.Sequence;
import gpt.sampling.Drawing;

/** What a {@link Drafter} sees of a completion: its tokens, and how many drafts it can take. */
public interface DraftedCompletion {

  /** Index of the completion. */
  int sample();

  /** How its tokens are sampled. */
  Drawing drawing();

  /** Holds the keys and values of all its tokens but the last. */
  Sequence sequence();

  /** Number of tokens, of prompt and completion together, also those before the context window. */
  int length();

  /** The token at an index of {@link #length}. */
  int id(int index);

  /** Index of the first token in the context window. */
  int firstInContext();

  /** Index in the completion of the next token. */
  int nextStep();

  /** Maximum number of tokens still to be generated. */
  int remaining();

  /** Maximum number of drafts in the next step. */
  int maxDrafts();

  /** Sets the drafts of the next step, at most {@link #maxDrafts}. */
  void draft(int... tokens);

  /** Number of drafts in the current step. */
  int drafts();
}
