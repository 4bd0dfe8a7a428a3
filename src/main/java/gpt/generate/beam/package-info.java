/**
 * Beam search: {@link gpt.generate.beam.BeamSearch} finds the likeliest completions of a prompt,
 * with the parameters {@link gpt.generate.beam.Beams}, and reports each {@link
 * gpt.generate.beam.BeamStep}.
 *
 * <p>Internal: the public API is the package {@code gpt}. May import {@code engine}, {@code
 * sampling} and {@code tokenizer}.
 */
package gpt.generate.beam;
