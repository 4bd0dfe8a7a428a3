package gpt.server.api;

import java.util.List;

/**
 * What a choice has got since its last delta; the whole choice if it is not streamed.
 *
 * @param index index of the choice in the response
 * @param text the new text
 * @param ids the new ids
 * @param logprobs log-probabilities of the tokens in the text; empty if none are requested
 * @param finish OpenAI's reason why the choice has ended; null if it has not
 */
public record Delta(
    int index, String text, List<Integer> ids, List<ScoredToken> logprobs, String finish) {}
