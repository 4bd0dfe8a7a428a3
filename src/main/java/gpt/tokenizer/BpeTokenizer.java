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
 * Byte-level BPE with any vocabulary. Encoding first cuts tokens of kind CONTROL and USER_DEFINED
 * out of the text as literals, the longest match first. It splits the rest into pieces with GPT-2's
 * regular expression and merges the bytes of each piece.
 *
 * <p>jtokkit, which encodes with GPT-2's vocabulary, uses a token's id as the rank of its merge and
 * merges any two neighbours whose concatenation is a token. For GPT-2's vocabulary the result is
 * the same; other vocabularies need their list of merges.
 */
final class BpeTokenizer implements Tokenizer {
  private static final Pattern PIECES =
      Pattern.compile(
          "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
          Pattern.UNICODE_CHARACTER_CLASS);

  /** Matches the whole text as one piece, for a tokenizer.json with {@code use_regex: false}. */
  private static final Pattern WHOLE = Pattern.compile(".+", Pattern.DOTALL);

  private final BpeVocabulary vocabulary;
  private final int[] byteIds = new int[ByteAlphabet.BYTES];
  private final LiteralSplitter literals;
  private final LiteralSplitter normalizedLiterals;
  private final Merges merges = new Merges();

  /**
   * Creates a tokenizer.
   *
   * @throws IllegalArgumentException if a merge names a token that is not in the vocabulary, or the
   *     BOS or EOS id is outside it
   */
  BpeTokenizer(BpeVocabulary full) {
    vocabulary = full.withoutPadding();
    Arrays.fill(byteIds, -1);
    Map<String, Integer> ids = new HashMap<>();
    Map<String, Integer> verbatim = new HashMap<>();
    Map<String, Integer> normalized = new HashMap<>();
    for (int id = 0; id < vocabulary.tokens().size(); id++) {
      String token = vocabulary.tokens().get(id);
      switch (vocabulary.kinds().get(id)) {
        case NORMAL -> addToken(token, id, ids);
        case CONTROL, USER_DEFINED -> {
          if (!vocabulary.rules().matching(id).normalized()) {
            addLiteral(token, id, verbatim);
          } else {
            addLiteral(vocabulary.rules().normalize(token), id, normalized);
          }
        }
        case UNUSED -> {}
      }
    }
    // Merges may produce a literal too.
    verbatim.forEach((token, id) -> addToken(token, id, ids));
    normalized.values().forEach(id -> addToken(vocabulary.tokens().get(id), id, ids));
    for (int i = 0; i < vocabulary.merges().size(); i++) {
      addMerge(i, ids);
    }
    checkId("BOS", vocabulary.bosId());
    checkId("EOS", vocabulary.eosId());
    literals = new LiteralSplitter(verbatim, vocabulary.rules());
    normalizedLiterals = new LiteralSplitter(normalized, vocabulary.rules());
  }

  private static void addLiteral(String literal, int id, Map<String, Integer> literals) {
    if (!literal.isEmpty()) {
      literals.putIfAbsent(literal, id);
    }
  }

  private void addToken(String token, int id, Map<String, Integer> ids) {
    ids.putIfAbsent(token, id);
    byte[] bytes = ByteAlphabet.toBytes(token);
    boolean oneByte = bytes.length == 1 && ByteAlphabet.toText(bytes).equals(token);
    if (oneByte && byteIds[bytes[0] & 0xFF] < 0) {
      byteIds[bytes[0] & 0xFF] = id;
    }
  }

  private void addMerge(int i, Map<String, Integer> ids) {
    String merge = vocabulary.merges().get(i);
    int space = merge.indexOf(' ', 1);
    String left = space < 0 ? merge : merge.substring(0, space);
    String right = space < 0 ? "" : merge.substring(space + 1);
    for (String token : new String[] {left, right, left + right}) {
      if (!ids.containsKey(token)) {
        throw new IllegalArgumentException(
            "merge %s, '%s': the vocabulary has no token '%s'"
                .formatted(i, TokenLabel.escaped(merge), TokenLabel.escaped(token)));
      }
    }
    merges.add(ids.get(left), ids.get(right), ids.get(left + right));
  }

  private void checkId(String name, OptionalInt id) {
    if (id.isPresent() && (id.getAsInt() < 0 || id.getAsInt() >= vocabulary.tokens().size())) {
      throw new IllegalArgumentException(
          "%s token: expected an id from 0 to %d, found %d"
              .formatted(name, vocabulary.tokens().size() - 1, id.getAsInt()));
    }
  }

  @Override
  public String name() {
    return "byte vocabulary";
  }

  @Override
  public int vocabSize() {
    return vocabulary.tokens().size();
  }

  @Override
  public OptionalInt endOfText() {
    return vocabulary.eosId();
  }

  @Override
  public int[] encode(String text) {
    IntStream.Builder ids = IntStream.builder();
    literals.split(
        Gpt2Tokenizer.withoutLoneSurrogates(text),
        ids,
        rest ->
            normalizedLiterals.split(
                vocabulary.rules().normalize(rest),
                ids,
                ordinary -> encodeOrdinary(ordinary, ids)));
    return ids.build().toArray();
  }

  private void encodeOrdinary(String text, IntStream.Builder ids) {
    String spaced = vocabulary.rules().prefixSpace() && !text.startsWith(" ") ? " " + text : text;
    Matcher piece = (vocabulary.rules().useRegex() ? PIECES : WHOLE).matcher(spaced);
    while (piece.find()) {
      byte[] bytes = piece.group().getBytes(StandardCharsets.UTF_8);
      int[] symbols = new int[bytes.length];
      for (int i = 0; i < bytes.length; i++) {
        int id = byteIds[bytes[i] & 0xFF];
        symbols[i] = id < 0 ? vocabulary.rules().unknownId().orElse(-1) : id;
        if (symbols[i] < 0) {
          throw new UnencodableTextException(
              "the model has no token for byte 0x%02X of '%s'"
                  .formatted(bytes[i], TokenLabel.escaped(piece.group())));
        }
      }
      for (int merged : merges.apply(symbols)) {
        ids.add(merged);
      }
    }
  }

  @Override
  public byte[] decode(int id) {
    BpeVocabulary.Kind kind =
        id < 0 || id >= vocabSize() ? BpeVocabulary.Kind.UNUSED : vocabulary.kinds().get(id);
    return switch (kind) {
      case NORMAL -> ByteAlphabet.toBytes(vocabulary.tokens().get(id));
      case CONTROL, USER_DEFINED -> vocabulary.tokens().get(id).getBytes(StandardCharsets.UTF_8);
      case UNUSED -> Utf8Decoder.REPLACEMENT.getBytes(StandardCharsets.UTF_8);
    };
  }
}
