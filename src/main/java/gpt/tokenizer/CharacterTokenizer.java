package gpt.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * nanoGPT's character-level tokenizer: one id for each code point, as in the {@code meta.pkl} of
 * its character-level data sets.
 */
public final class CharacterTokenizer implements Tokenizer {
  /** An error message lists the characters of a vocabulary of at most this size. */
  private static final int MAX_LISTED = 100;

  private final int[] codePoints;
  private final Map<Integer, Integer> ids = new HashMap<>();

  /**
   * Creates a tokenizer.
   *
   * @param characters the code point of each id, all distinct
   * @throws IllegalArgumentException if an entry is not one code point or occurs twice
   */
  public CharacterTokenizer(List<String> characters) {
    if (characters.isEmpty()) {
      throw new IllegalArgumentException("the vocabulary has no characters");
    }
    codePoints = new int[characters.size()];
    for (int id = 0; id < codePoints.length; id++) {
      String character = characters.get(id);
      if (character.codePointCount(0, character.length()) != 1
          || isSurrogate(character.codePointAt(0))) {
        throw new IllegalArgumentException(
            "the vocabulary's entry " + id + " must be one character, found " + quoted(character));
      }
      codePoints[id] = character.codePointAt(0);
      Integer other = ids.putIfAbsent(codePoints[id], id);
      if (other != null) {
        throw new IllegalArgumentException(
            "the vocabulary has " + quoted(character) + " twice, as ids " + other + " and " + id);
      }
    }
  }

  @Override
  public String name() {
    return "characters";
  }

  @Override
  public int vocabSize() {
    return codePoints.length;
  }

  @Override
  public OptionalInt endOfText() {
    return OptionalInt.empty();
  }

  @Override
  public int[] encode(String text) {
    int[] characters = text.codePoints().toArray();
    int[] encoded = new int[characters.length];
    for (int i = 0; i < characters.length; i++) {
      Integer id = ids.get(characters[i]);
      if (id == null) {
        throw new UnencodableTextException(unknownCharacter(characters[i], i + 1));
      }
      encoded[i] = id;
    }
    return encoded;
  }

  @Override
  public byte[] decode(int id) {
    String text =
        id < 0 || id >= codePoints.length
            ? Utf8Decoder.REPLACEMENT
            : Character.toString(codePoints[id]);
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private String unknownCharacter(int codePoint, int position) {
    String name = Character.getName(codePoint);
    StringBuilder message = new StringBuilder("the model has no token for ");
    if (!TokenLabel.isInvisible(codePoint)) {
      message.append('\'').appendCodePoint(codePoint).append("' ");
    }
    message.append(String.format("(U+%04X", codePoint));
    message.append(name == null || isSurrogate(codePoint) ? ")" : " " + name + ")");
    message.append(", character ").append(position).append(" of the text; its vocabulary has ");
    message.append(codePoints.length).append(" characters");
    if (codePoints.length <= MAX_LISTED) {
      String all =
          Arrays.stream(codePoints).mapToObj(Character::toString).reduce("", String::concat);
      message.append(": ").append(TokenLabel.escaped(all));
    }
    return message.toString();
  }

  private static String quoted(String text) {
    return "'" + TokenLabel.escaped(text) + "'";
  }

  private static boolean isSurrogate(int codePoint) {
    return codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE;
  }
}
