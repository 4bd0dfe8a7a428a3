/**
 * Many requests from a file, answered into a file: {@link gpt.batch.BatchInput} reads lines, {@link
 * gpt.batch.Window} runs several requests at once, {@link gpt.batch.AnswerFile} keeps the answers
 * and knows after a restart which lines have one.
 *
 * <p>It may use {@code gpt.server.api} and the packages below it, and Gson.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.batch;
