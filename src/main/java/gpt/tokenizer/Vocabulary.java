package gpt.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.Optional;
import java.util.stream.IntStream;

/** The texts of a model's tokens for display and for JSON; the tokenizer may be unknown. */
public record Vocabulary(Optional<Tokenizer> tokenizer) {

  /** The token as a {@link TokenLabel}; without a tokenizer, its id. */
  public String label(int id) {
    return tokenizer.map(t -> TokenLabel.of(t.decode(id))).orElseGet(() -> String.valueOf(id));
  }

  /** The labels of ids 0 to {@code vocabSize} − 1. */
  public String[] labels(int vocabSize) {
    return IntStream.range(0, vocabSize).mapToObj(this::label).toArray(String[]::new);
  }

  /** The token's text, or its label if its bytes are not valid UTF-8; null without a tokenizer. */
  public String text(int id) {
    if (tokenizer.isEmpty()) {
      return null;
    }
    byte[] bytes = tokenizer.get().decode(id);
    try {
      return UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      return TokenLabel.of(bytes);
    }
  }
}
