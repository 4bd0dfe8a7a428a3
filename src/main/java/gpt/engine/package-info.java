/**
 * The interface that every backend implements: an {@link gpt.engine.Engine} holds a model on a
 * device and extends many sequences in one step. Its clients are generation, beam search, scoring
 * and the probes of activations ({@link gpt.engine.Site}).
 *
 * <p>Main types: {@link gpt.engine.Engine}, {@link gpt.engine.Sequence} (a sequence and its KV
 * cache), {@link gpt.engine.Work} (what a step does for one sequence) and {@link gpt.engine.Want}
 * (what it returns for it). {@link gpt.engine.HostSequence} and {@link gpt.engine.HostWants} are
 * for backends whose logits are on the host. May use {@code gpt.model} and {@code gpt.sampling}.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.engine;
