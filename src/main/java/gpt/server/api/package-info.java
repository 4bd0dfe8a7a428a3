/**
 * OpenAI's API without HTTP: {@link gpt.server.api.CompletionParser} and {@link
 * gpt.server.api.ChatParser} read a request's JSON, {@link gpt.server.api.Generation} runs it on a
 * {@link gpt.server.api.ServedModel}, and {@link gpt.server.api.ResponseWriter} writes the
 * response.
 *
 * <p>It may use {@code gpt.generate} and the packages below it, and Gson.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.server.api;
