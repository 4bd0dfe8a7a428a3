package gpt.cli.output;

import gpt.tokenizer.Vocabulary;

/** The end of a growing context as one line, with every space and line end made visible. */
public final class ContextTail {
  private static final String BEFORE = "…";

  private final Vocabulary vocabulary;
  private final int columns;
  private final StringBuilder tail = new StringBuilder();
  private boolean cut;

  /**
   * A context that begins with these tokens.
   *
   * @param columns most columns of the line, without the ellipsis
   */
  public ContextTail(Vocabulary vocabulary, int[] prompt, int columns) {
    this.vocabulary = vocabulary;
    this.columns = columns;
    for (int i = Math.max(0, prompt.length - columns); i < prompt.length; i++) {
      add(prompt[i]);
    }
    cut |= prompt.length > columns;
  }

  /** Appends a token. */
  public void add(int id) {
    String label = vocabulary.label(id);
    tail.append(vocabulary.tokenizer().isEmpty() && !tail.isEmpty() ? " " + label : label);
    while (Columns.width(tail.toString()) > columns) {
      tail.delete(0, Character.charCount(tail.codePointAt(0)));
      cut = true;
    }
  }

  @Override
  public String toString() {
    return (cut ? BEFORE : "") + tail;
  }
}
