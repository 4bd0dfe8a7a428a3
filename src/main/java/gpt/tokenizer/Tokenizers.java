package gpt.tokenizer;

import java.util.List;
import java.util.Optional;

/** Chooses the tokenizer of a model. */
public final class Tokenizers {
  /** 50257 rounded up to a multiple of 64, as nanoGPT pads it. */
  private static final int GPT2_PADDED = 50304;

  private Tokenizers() {}

  /**
   * The tokenizer of a model: by its characters, else by its BPE vocabulary, else by its size.
   *
   * @param bpe the BPE vocabulary, if the checkpoint has one
   * @param vocabSize rows of the model's token embedding
   * @throws IllegalArgumentException if the vocabulary is inconsistent or does not fit the model
   */
  public static Optional<Tokenizer> forModel(
      Optional<List<String>> characters, Optional<BpeVocabulary> bpe, int vocabSize) {
    if (characters.isPresent() || bpe.isEmpty()) {
      return forModel(characters, vocabSize);
    }
    boolean gpt2 = bpe.get().withoutPadding().equals(BpeVocabulary.gpt2());
    return Optional.of(gpt2 ? new Gpt2Tokenizer() : new BpeTokenizer(bpe.get()));
  }

  /**
   * The tokenizer of a model without a BPE vocabulary; empty if it is unknown.
   *
   * @param characters the character of each id, if the checkpoint has them
   * @param vocabSize rows of the model's token embedding; without characters, 50257 to 50304 means
   *     GPT-2's tokenizer
   * @throws IllegalArgumentException if there are more characters than rows, or an entry is not one
   *     character
   */
  public static Optional<Tokenizer> forModel(Optional<List<String>> characters, int vocabSize) {
    if (characters.isPresent()) {
      int found = characters.get().size();
      if (found > vocabSize) {
        throw new IllegalArgumentException(
            "the vocabulary: expected at most "
                + vocabSize
                + " characters (vocab_size), found "
                + found);
      }
      return Optional.of(new CharacterTokenizer(characters.get()));
    }
    return isGpt2Size(vocabSize) ? Optional.of(new Gpt2Tokenizer()) : Optional.empty();
  }

  /**
   * Whether a model of this vocab_size, without a vocabulary, is taken to use GPT-2's tokenizer.
   */
  public static boolean isGpt2Size(int vocabSize) {
    return vocabSize >= Gpt2Tokenizer.VOCAB_SIZE && vocabSize <= GPT2_PADDED;
  }
}
