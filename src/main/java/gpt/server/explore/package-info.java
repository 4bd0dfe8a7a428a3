/**
 * The numbers behind a text for the server's page: the logits of a step and its draw, attention,
 * the layers, beams and losses. Requests and responses without HTTP.
 *
 * <p>It may use {@code gpt.server.api}, {@code gpt.explore} and the packages below them, and Gson.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.server.explore;
