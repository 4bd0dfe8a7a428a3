package gpt.tokenizer;

import gpt.GptException;

/** A text contains a character or byte for which the vocabulary has no token. */
public class UnencodableTextException extends GptException {
  private static final long serialVersionUID = 1L;

  /** Creates the exception with a message of one line. */
  public UnencodableTextException(String message) {
    super(message);
  }
}
