package gpt.server.api;

/**
 * A prompt as given: a text or ids.
 *
 * @param text the text; null if ids are given
 * @param ids the ids; null if a text is given
 * @param param the option that it comes from, for errors
 */
public record Prompt(String text, int[] ids, String param) {}
