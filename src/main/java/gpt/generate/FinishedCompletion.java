package gpt.generate;

import gpt.StopReason;
import gpt.Timings;
import gpt.sampling.Logprobs;
import java.util.List;
import java.util.OptionalDouble;

/**
 * A finished completion.
 *
 * @param sample index of the completion
 * @param promptIds the prompt's ids that the model saw: at most the last block_size
 * @param ids all new ids, including an end id and the tokens of a stop string
 * @param text the new ids as text, without the end id and up to a stop string; if the prompt ends
 *     inside a character, the text begins with that whole character; after a cancellation, the text
 *     that the listener received; null without a tokenizer
 * @param stopReason why the completion ended
 * @param logprobs one per new id if requested, else empty
 * @param timings durations of prefill and decode
 * @param score beam search's score, higher is better; empty for sampled completions
 */
public record FinishedCompletion(
    int sample,
    int[] promptIds,
    int[] ids,
    String text,
    StopReason stopReason,
    List<Logprobs> logprobs,
    Timings timings,
    OptionalDouble score) {

  /** Returns a copy with this score. */
  FinishedCompletion withScore(double value) {
    return new FinishedCompletion(
        sample, promptIds, ids, text, stopReason, logprobs, timings, OptionalDouble.of(value));
  }
}
