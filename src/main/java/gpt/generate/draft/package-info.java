/**
 * Speculative decoding: a {@link gpt.generate.draft.Drafter} guesses the next tokens of a {@link
 * gpt.generate.draft.DraftedCompletion}, as many as {@link gpt.generate.draft.Speculation} finds
 * worth their time.
 *
 * <p>Internal: the public API is the package {@code gpt}. May import {@code engine} and {@code
 * sampling}.
 */
package gpt.generate.draft;
