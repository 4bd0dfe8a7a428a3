package gpt;

import java.util.List;

/**
 * A generated text.
 *
 * @param text the new text, without the prompt, what ends a text, and from a stop string on; empty
 *     where the model has no tokenizer
 * @param ids the new tokens' ids, all that were drawn: the end of text and a stop string's tokens
 *     are among them
 * @param logprobs of each of the ids, ln of its probability by the model itself: of the raw logits'
 *     softmax at temperature 1, before the sampling chain; empty for beam search
 * @param topLogprobs for each of the ids the likeliest tokens in its place, the likeliest first;
 *     empty lists unless {@link Options#topLogprobs} asks for them
 * @param stopReason why the text ended
 * @param score of beam search: the text's log-probability divided by its length to the power of the
 *     length penalty; NaN where tokens were drawn
 * @param timings where the time went
 */
public record Completion(
    String text,
    List<Integer> ids,
    List<Double> logprobs,
    List<List<Candidate>> topLogprobs,
    StopReason stopReason,
    double score,
    Timings timings) {}
