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

  /** What takes a text as one piece. */
  private static final Pattern WHOLE = Pattern.compile(".+", Pattern.DOTALL);

  private final BytePairs pairs;
  private final int[] byteIds = new int[ByteAlphabet.BYTES];
  private final LiteralSplitter literals;
  private final LiteralSplitter normalizedLiterals;
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
    Map<String, Integer> ids = new HashMap<>();
    Map<String, Integer> asTheyAre = new HashMap<>();
    Map<String, Integer> normalized = new HashMap<>();
    for (int id = 0; id < pairs.tokens().size(); id++) {
      String token = pairs.tokens().get(id);
      switch (pairs.kinds().get(id)) {
        case NORMAL -> addToken(token, id, ids);
        case CONTROL, USER_DEFINED -> {
          if (!pairs.rules().of(id).normalized()) {
            addLiteral(token, id, asTheyAre);
          } else {
            addLiteral(pairs.rules().normalize(token), id, normalized);
          }
        }
        case UNUSED -> {}
      }
    }
    // A literal may also be a token that merges make.
    asTheyAre.forEach((token, id) -> addToken(token, id, ids));
    normalized.values().forEach(id -> addToken(pairs.tokens().get(id), id, ids));
    for (int i = 0; i < pairs.merges().size(); i++) {
      addMerge(i, ids);
    }
    end(pairs.begin(), "begins");
    end(pairs.end(), "ends");
    literals = new LiteralSplitter(asTheyAre, pairs.rules());
    normalizedLiterals = new LiteralSplitter(normalized, pairs.rules());
  }

  private static void addLiteral(String literal, int id, Map<String, Integer> literals) {
    if (!literal.isEmpty()) {
      literals.putIfAbsent(literal, id);
    }
  }

  private void addToken(String token, int id, Map<String, Integer> ids) {
    ids.putIfAbsent(token, id);
    byte[] bytes = ByteAlphabet.read(token);
    boolean oneByte = bytes.length == 1 && ByteAlphabet.write(bytes).equals(token);
    if (oneByte && byteIds[bytes[0] & 0xFF] < 0) {
      byteIds[bytes[0] & 0xFF] = id;
    }
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
    IntStream.Builder ids = IntStream.builder();
    literals.split(
        Gpt2Tokenizer.withoutLoneSurrogates(text),
        ids,
        rest ->
            normalizedLiterals.split(
                pairs.rules().normalize(rest), ids, ordinary -> encodeOrdinary(ordinary, ids)));
    return ids.build().toArray();
  }

  private void encodeOrdinary(String text, IntStream.Builder ids) {
    String spaced = pairs.rules().prefixSpace() && !text.startsWith(" ") ? " " + text : text;
    Matcher piece = (pairs.rules().split() ? PIECES : WHOLE).matcher(spaced);
    while (piece.find()) {
      byte[] bytes = piece.group().getBytes(StandardCharsets.UTF_8);
      int[] symbols = new int[bytes.length];
      for (int i = 0; i < bytes.length; i++) {
        int known = byteIds[bytes[i] & 0xFF];
        symbols[i] = known < 0 ? pairs.rules().unknown().orElse(-1) : known;
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
