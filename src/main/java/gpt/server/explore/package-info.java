/**
 * The numbers behind a text for the server's page: the logits of a step and its draw, attention,
 * the layers, beams and losses. Requests and responses without HTTP.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.server.explore;
