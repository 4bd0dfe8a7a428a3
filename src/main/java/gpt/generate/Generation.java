package gpt.generate;

import gpt.StopReason;
import gpt.Timings;
import gpt.sampling.Logprobs;
import java.util.List;
import java.util.OptionalDouble;

/**
 * One generated text.
 *
 * @param sample its index
 * @param promptIds the prompt's ids that the model saw: the last block_size of those asked for
 * @param promptIdsDropped how many came before these
 * @param ids the new ids, all that were drawn: the end id and a stop string's tokens are among them
 * @param text the text of the new ids, without the end id and from a stop string on; with it all of
 *     a character that the prompt's ids only began; null without a tokenizer; what the listener
 *     got, if it ended the text
 * @param stopReason why it ended
 * @param logprobs of each of the new ids, where the request wants them, else empty
 * @param timings where the time went
 * @param score of beam search, the larger the better; empty where tokens were drawn
 */
public record Generation(
    int sample,
    int[] promptIds,
    int promptIdsDropped,
    int[] ids,
    String text,
    StopReason stopReason,
    List<Logprobs> logprobs,
    Timings timings,
    OptionalDouble score) {

  /** The same with a score. */
  Generation scored(double value) {
    return new Generation(
        sample,
        promptIds,
        promptIdsDropped,
        ids,
        text,
        stopReason,
        logprobs,
        timings,
        OptionalDouble.of(value));
  }
}
