package gpt.checkpoint.format;

import gpt.model.GptConfig;
import gpt.model.Weights;
import gpt.tokenizer.BpeVocabulary;
import gpt.tokenizer.ChatTemplate;
import java.util.List;
import java.util.Optional;

/**
 * What the reader of a format returns.
 *
 * @param format for display: {@code nanoGPT checkpoint}, {@code safetensors}, {@code gguf}
 * @param config the shape
 * @param weights views of the mapped file
 * @param characters the vocabulary of a character-level model, index = id
 * @param bpeVocabulary the BPE vocabulary, if the files have one
 * @param endIds the EOS ids; empty if the files name none
 * @param chatTemplate how the model was trained on conversations; empty for a base model
 * @param notes for the user, a line each
 */
public record StoredModel(
    String format,
    GptConfig config,
    Weights weights,
    Optional<List<String>> characters,
    Optional<BpeVocabulary> bpeVocabulary,
    List<Integer> endIds,
    Optional<ChatTemplate> chatTemplate,
    List<String> notes) {}
