package gpt.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;

/**
 * A vocabulary of byte pairs as files carry it.
 *
 * @param tokens the text of each id; of a {@link Kind#NORMAL} one, its bytes as {@link
 *     ByteAlphabet} writes them
 * @param kinds what each token is
 * @param merges two tokens' texts with a space between them, the first to be joined first
 * @param begin the id that begins a text, if there is one
 * @param end the id that ends a text, if there is one
 * @param rules what is done to a text before the merges
 */
public record BytePairs(
    List<String> tokens,
    List<Kind> kinds,
    List<String> merges,
    OptionalInt begin,
    OptionalInt end,
    TextRules rules) {

  /** Byte pairs with GPT-2's rules. */
  public BytePairs(
      List<String> tokens,
      List<Kind> kinds,
      List<String> merges,
      OptionalInt begin,
      OptionalInt end) {
    this(tokens, kinds, merges, begin, end, TextRules.GPT2);
  }

  /** What a token is, and its number in a GGUF file. */
  public enum Kind {
    /** Bytes, made by merges. */
    NORMAL(1),
    /** A literal that means something to the model, as {@code <|endoftext|>}. */
    CONTROL(3),
    /** A literal that is part of the text. */
    USER_DEFINED(4),
    /** A row of the model without a text. */
    UNUSED(5);

    private final int number;

    Kind(int number) {
      this.number = number;
    }

    /** The number that stands for it in a file. */
    public int number() {
      return number;
    }
  }

  /**
   * Keeps its own copies.
   *
   * @throws IllegalArgumentException where not every token has its kind
   */
  public BytePairs {
    tokens = List.copyOf(tokens);
    kinds = List.copyOf(kinds);
    merges = List.copyOf(merges);
    if (tokens.size() != kinds.size()) {
      throw new IllegalArgumentException(
          "the vocabulary has " + tokens.size() + " tokens, but " + kinds.size() + " kinds");
    }
  }

  /** The same with unused tokens at its end, so that a model's rows all have one. */
  public BytePairs padded(int size) {
    List<String> more = new ArrayList<>(tokens);
    List<Kind> unused = new ArrayList<>(kinds);
    while (more.size() < size) {
      more.add("[PAD" + more.size() + "]");
      unused.add(Kind.UNUSED);
    }
    return new BytePairs(more, unused, merges, begin, end, rules);
  }

  /** The same without unused tokens at its end. */
  BytePairs stripped() {
    int size = tokens.size();
    while (size > 0 && kinds.get(size - 1) == Kind.UNUSED) {
      size--;
    }
    return new BytePairs(
        tokens.subList(0, size), kinds.subList(0, size), merges, begin, end, rules);
  }

  /** GPT-2's, whose merges are told by the order of its tokens. */
  public static BytePairs gpt2() {
    return Gpt2.PAIRS;
  }

  /** Made on first use. */
  private static final class Gpt2 {
    static final BytePairs PAIRS = make();

    private static BytePairs make() {
      Gpt2Tokenizer gpt2 = new Gpt2Tokenizer();
      int end = Gpt2Tokenizer.END_OF_TEXT;
      int[] byteIds = new int[ByteAlphabet.BYTES];
      List<String> tokens = new ArrayList<>();
      List<String> merges = new ArrayList<>();
      Merges made = new Merges();
      for (int id = 0; id < end; id++) {
        byte[] bytes = gpt2.decode(id);
        tokens.add(ByteAlphabet.write(bytes));
        if (bytes.length == 1) {
          byteIds[bytes[0] & 0xFF] = id;
          continue;
        }
        int[] parts = new int[bytes.length];
        for (int i = 0; i < parts.length; i++) {
          parts[i] = byteIds[bytes[i] & 0xFF];
        }
        // Each token joins the two that the merges before it make of its bytes.
        parts = made.apply(parts);
        merges.add(tokens.get(parts[0]) + " " + tokens.get(parts[1]));
        made.add(parts[0], parts[1], id);
      }
      tokens.add(new String(gpt2.decode(end), StandardCharsets.UTF_8));
      List<Kind> kinds = new ArrayList<>(Collections.nCopies(end, Kind.NORMAL));
      kinds.add(Kind.CONTROL);
      return new BytePairs(tokens, kinds, merges, OptionalInt.of(end), OptionalInt.of(end));
    }
  }
}
