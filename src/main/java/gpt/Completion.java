package gpt;

import java.util.List;

/**
 * A completion: the continuation of a prompt.
 *
 * @param text the new text, without the prompt and the end-of-text token, up to a stop string;
 *     empty if the model has no tokenizer
 * @param ids all new tokens, including the end-of-text token and those of a stop string
 * @param logprobs for each of the ids, the natural logarithm of its probability by the model: the
 *     softmax of the raw logits at temperature 1, before the sampling chain; empty for beam search
 * @param topLogprobs for each of the ids, the likeliest candidates at its position, likeliest
 *     first; empty lists unless {@link Options#topLogprobs} requests them
 * @param stopReason why the completion ended
 * @param score for beam search, the sum of the log-probabilities divided by the length to the power
 *     of the length penalty; NaN for sampled completions
 * @param timings durations of prefill and decode
 */
public record Completion(
    String text,
    List<Integer> ids,
    List<Double> logprobs,
    List<List<Candidate>> topLogprobs,
    StopReason stopReason,
    double score,
    Timings timings) {}
