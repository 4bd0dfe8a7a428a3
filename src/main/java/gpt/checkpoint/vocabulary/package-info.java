/**
 * Files of vocabularies: {@link gpt.checkpoint.vocabulary.VocabularyFiles} reads the BPE tokenizer
 * of a Hugging Face folder ({@code tokenizer.json}, or {@code vocab.json} and {@code merges.txt}),
 * {@link gpt.checkpoint.vocabulary.Characters} reads and writes {@code characters.json}, and {@link
 * gpt.checkpoint.vocabulary.TokenizerRulesJson} the rules of a tokenizer, for GGUF too.
 *
 * <p>May import {@code checkpoint.files}, {@code tokenizer} and Gson.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.checkpoint.vocabulary;
