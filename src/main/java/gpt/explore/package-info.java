/**
 * Looks inside a model: the loss of each token ({@link gpt.explore.LossMeter}), attention weights
 * ({@link gpt.explore.AttentionWeights}), activations ({@link gpt.explore.Activations}), what the
 * model would predict after each layer ({@link gpt.explore.Lens}) and the tree of a beam search
 * ({@link gpt.explore.BeamTree}), as numbers. {@link gpt.explore.plot} draws them.
 *
 * <p>Internal: the public API is the package {@code gpt}. May import {@code engine}, {@code
 * generate}, {@code model}, {@code sampling} and {@code tokenizer}.
 */
package gpt.explore;
