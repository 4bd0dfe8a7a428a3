package gpt.tokenizer;

import java.util.List;
import java.util.Optional;

/** Finds the tokenizer of a model. */
public final class Tokenizers {
  /** 50257 rounded up to a multiple of 64, as nanoGPT pads it. */
  private static final int GPT2_PADDED = 50304;

  private Tokenizers() {}

  /**
   * The tokenizer of a model whose file brings a vocabulary of byte pairs, or none.
   *
   * @throws IllegalArgumentException where the vocabulary contradicts itself or the model
   */
  public static Optional<Tokenizer> forModel(
      Optional<List<String>> characters, Optional<BytePairs> pairs, int vocabSize) {
    if (characters.isPresent() || pairs.isEmpty()) {
      return forModel(characters, vocabSize);
    }
    boolean gpt2 = pairs.get().stripped().equals(BytePairs.gpt2());
    return Optional.of(gpt2 ? new Gpt2Tokenizer() : new BytePairTokenizer(pairs.get()));
  }

  /**
   * The tokenizer of a model, empty where nothing says which it is.
   *
   * @param characters the text of each id, where the checkpoint brings them
   * @param vocabSize rows of the model's token embedding; from 50257 to 50304 without characters it
   *     is GPT-2's
   * @throws IllegalArgumentException where there are more characters than rows, or an entry is not
   *     one character
   */
  public static Optional<Tokenizer> forModel(Optional<List<String>> characters, int vocabSize) {
    if (characters.isPresent()) {
      int found = characters.get().size();
      if (found > vocabSize) {
        throw new IllegalArgumentException(
            "the vocabulary has "
                + found
                + " characters, but the model has only "
                + vocabSize
                + " tokens");
      }
      return Optional.of(new CharacterTokenizer(characters.get()));
    }
    return isGpt2Size(vocabSize) ? Optional.of(new Gpt2Tokenizer()) : Optional.empty();
  }

  /** Whether a model of so many tokens, of which nothing else is known, has GPT-2's. */
  public static boolean isGpt2Size(int vocabSize) {
    return vocabSize >= Gpt2Tokenizer.VOCAB_SIZE && vocabSize <= GPT2_PADDED;
  }
}
