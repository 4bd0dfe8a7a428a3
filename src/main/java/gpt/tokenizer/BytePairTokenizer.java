package gpt.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * Byte-level BPE by a vocabulary of its own, which splits a text as GPT-2 does. Of a text, tokens
 * of kind CONTROL and USER_DEFINED are taken as literals first, the longer before the shorter.
 *
 * <p>jtokkit, which does this for GPT-2, takes an id for its merge's rank and joins any neighbours
 * whose union is a token. That is the same for GPT-2's vocabulary, but not for every one.
 */
final class BytePairTokenizer implements Tokenizer {
  private static final Pattern PIECES =
      Pattern.compile(
          "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
          Pattern.UNICODE_CHARACTER_CLASS);

  private final BytePairs pairs;
  private final int[] byteIds = new int[ByteAlphabet.BYTES];
  private final Map<String, Integer> literalIds = new HashMap<>();
  private final Literals literals;
  private final Merges merges = new Merges();

  /**
   * A tokenizer.
   *
   * @throws IllegalArgumentException where a merge is of no tokens, or a token that begins or ends
   *     a text does not exist
   */
  BytePairTokenizer(BytePairs vocabulary) {
    pairs = vocabulary.stripped();
    Arrays.fill(byteIds, -1);
    Map<String, Integer> normal = new HashMap<>();
    for (int id = 0; id < pairs.tokens().size(); id++) {
      String token = pairs.tokens().get(id);
      switch (pairs.kinds().get(id)) {
        case NORMAL -> {
          normal.putIfAbsent(token, id);
          byte[] bytes = ByteAlphabet.read(token);
          boolean oneByte = bytes.length == 1 && ByteAlphabet.write(bytes).equals(token);
          if (oneByte && byteIds[bytes[0] & 0xFF] < 0) {
            byteIds[bytes[0] & 0xFF] = id;
          }
        }
        case CONTROL, USER_DEFINED -> {
          if (!token.isEmpty()) {
            literalIds.putIfAbsent(token, id);
          }
        }
        case UNUSED -> {}
      }
    }
    for (int i = 0; i < pairs.merges().size(); i++) {
      addMerge(i, normal);
    }
    end(pairs.begin(), "begins");
    end(pairs.end(), "ends");
    literals = new Literals(literalIds.keySet());
  }

  private void addMerge(int i, Map<String, Integer> ids) {
    String merge = pairs.merges().get(i);
    int space = merge.indexOf(' ', 1);
    String left = space < 0 ? merge : merge.substring(0, space);
    String right = space < 0 ? "" : merge.substring(space + 1);
    for (String token : new String[] {left, right, left + right}) {
      if (!ids.containsKey(token)) {
        throw new IllegalArgumentException(
            "merge "
                + i
                + " of its vocabulary, '"
                + TokenLabel.escaped(merge)
                + "': there is no token '"
                + TokenLabel.escaped(token)
                + "'");
      }
    }
    merges.add(ids.get(left), ids.get(right), ids.get(left + right));
  }

  private void end(OptionalInt id, String does) {
    if (id.isPresent() && (id.getAsInt() < 0 || id.getAsInt() >= pairs.tokens().size())) {
      throw new IllegalArgumentException(
          "the token that %s a text is %d, but its vocabulary has %d tokens"
              .formatted(does, id.getAsInt(), pairs.tokens().size()));
    }
  }

  @Override
  public String name() {
    return "byte pairs";
  }

  @Override
  public int vocabSize() {
    return pairs.tokens().size();
  }

  @Override
  public OptionalInt endOfText() {
    return pairs.end();
  }

  @Override
  public int[] encode(String text) {
    String valid = Gpt2Tokenizer.withoutLoneSurrogates(text);
    IntStream.Builder ids = IntStream.builder();
    int start = 0;
    int at = 0;
    while (at < valid.length()) {
      String literal = literals.longest(valid, at);
      if (literal == null) {
        at++;
        continue;
      }
      encodeOrdinary(valid.substring(start, at), ids);
      ids.add(literalIds.get(literal));
      at += literal.length();
      start = at;
    }
    encodeOrdinary(valid.substring(start), ids);
    return ids.build().toArray();
  }

  private void encodeOrdinary(String text, IntStream.Builder ids) {
    Matcher piece = PIECES.matcher(text);
    while (piece.find()) {
      byte[] bytes = piece.group().getBytes(StandardCharsets.UTF_8);
      int[] symbols = new int[bytes.length];
      for (int i = 0; i < bytes.length; i++) {
        symbols[i] = byteIds[bytes[i] & 0xFF];
        if (symbols[i] < 0) {
          throw new UnencodableTextException(
              "the model has no token for byte 0x%02X of '%s'"
                  .formatted(bytes[i], TokenLabel.escaped(piece.group())));
        }
      }
      for (int id : merges.apply(symbols)) {
        ids.add(id);
      }
    }
  }

  @Override
  public byte[] decode(int id) {
    BytePairs.Kind kind =
        id < 0 || id >= vocabSize() ? BytePairs.Kind.UNUSED : pairs.kinds().get(id);
    return switch (kind) {
      case NORMAL -> ByteAlphabet.read(pairs.tokens().get(id));
      case CONTROL, USER_DEFINED -> pairs.tokens().get(id).getBytes(StandardCharsets.UTF_8);
      case UNUSED -> Utf8Decoder.REPLACEMENT.getBytes(StandardCharsets.UTF_8);
    };
  }
}
