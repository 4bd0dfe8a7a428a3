package gpt.cli.output;

import static java.nio.charset.StandardCharsets.UTF_8;

import gpt.tokenizer.TokenLabel;
import gpt.tokenizer.Tokenizer;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.Optional;
import java.util.stream.IntStream;

/** Names tokens for people and for programs. */
public record Vocabulary(Optional<Tokenizer> tokenizer) {

  /** The token on one line with everything visible; its id where there is no tokenizer. */
  public String label(int id) {
    return tokenizer.map(t -> TokenLabel.of(t.decode(id))).orElseGet(() -> String.valueOf(id));
  }

  /** The labels of ids 0 to {@code vocabSize} − 1. */
  public String[] labels(int vocabSize) {
    return IntStream.range(0, vocabSize).mapToObj(this::label).toArray(String[]::new);
  }

  /** The token's text as it is, or its label where it is part of a character; null without one. */
  String text(int id) {
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
