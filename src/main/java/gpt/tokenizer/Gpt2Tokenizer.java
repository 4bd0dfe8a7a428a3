package gpt.tokenizer;

import com.knuddels.jtokkit.Encodings;
import com.knuddels.jtokkit.api.Encoding;
import com.knuddels.jtokkit.api.EncodingType;
import com.knuddels.jtokkit.api.IntArrayList;
import java.nio.charset.StandardCharsets;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * GPT-2's byte-level BPE (r50k_base, 50257 ids). It gives the ids of tiktoken's {@code gpt2} with
 * {@code <|endoftext|>} as an allowed special token: that literal is id 50256 anywhere in a text,
 * and the parts before and after it are encoded separately.
 *
 * <p>Any text can be encoded. A lone surrogate, which has no UTF-8 form, is encoded as U+FFFD, as
 * in tiktoken. The vocabulary is read on the first encode or decode, once per JVM.
 */
public final class Gpt2Tokenizer implements Tokenizer {
  /** The number of ids, 0 to 50256. */
  public static final int VOCAB_SIZE = 50257;

  /** The id of {@code <|endoftext|>}. */
  public static final int END_OF_TEXT = 50256;

  private static final String END_OF_TEXT_LITERAL = "<|endoftext|>";

  /** Loaded on first use. */
  private static final class Jtokkit {
    // Lazy, because the default registry reads every encoding and gpt.jar has only this one.
    static final Encoding R50K_BASE =
        Encodings.newLazyEncodingRegistry().getEncoding(EncodingType.R50K_BASE);
  }

  @Override
  public String name() {
    return "gpt2";
  }

  @Override
  public int vocabSize() {
    return VOCAB_SIZE;
  }

  @Override
  public OptionalInt endOfText() {
    return OptionalInt.of(END_OF_TEXT);
  }

  @Override
  public int[] encode(String text) {
    String valid = withoutLoneSurrogates(text);
    IntStream.Builder ids = IntStream.builder();
    int start = 0;
    int special;
    while ((special = valid.indexOf(END_OF_TEXT_LITERAL, start)) >= 0) {
      encodeOrdinary(valid.substring(start, special), ids);
      ids.add(END_OF_TEXT);
      start = special + END_OF_TEXT_LITERAL.length();
    }
    encodeOrdinary(valid.substring(start), ids);
    return ids.build().toArray();
  }

  private static void encodeOrdinary(String text, IntStream.Builder ids) {
    IntArrayList part = Jtokkit.R50K_BASE.encodeOrdinary(text);
    for (int i = 0; i < part.size(); i++) {
      ids.add(part.get(i));
    }
  }

  @Override
  public byte[] decode(int id) {
    if (id == END_OF_TEXT) {
      return END_OF_TEXT_LITERAL.getBytes(StandardCharsets.UTF_8);
    }
    if (id < 0 || id >= VOCAB_SIZE) {
      return Utf8Decoder.REPLACEMENT.getBytes(StandardCharsets.UTF_8);
    }
    IntArrayList one = new IntArrayList(1);
    one.add(id);
    return Jtokkit.R50K_BASE.decodeBytes(one);
  }

  static String withoutLoneSurrogates(String text) {
    if (text.codePoints().noneMatch(c -> c >= 0xD800 && c <= 0xDFFF)) {
      return text;
    }
    StringBuilder valid = new StringBuilder(text.length());
    text.codePoints()
        .map(c -> c >= 0xD800 && c <= 0xDFFF ? 0xFFFD : c)
        .forEach(valid::appendCodePoint);
    return valid.toString();
  }
}
