package gpt.tokenizer;

import gpt.GptException;

/** A text holds something that the vocabulary has no token for. The message is one line. */
public class UnencodableTextException extends GptException {
  private static final long serialVersionUID = 1L;

  /** An error with its one line. */
  public UnencodableTextException(String message) {
    super(message);
  }
}
