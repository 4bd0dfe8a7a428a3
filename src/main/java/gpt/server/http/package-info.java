/**
 * The web server of {@code gpt serve}: {@link gpt.server.http.ApiServer} opens it, {@link
 * gpt.server.http.Router} finds the endpoint of a request, and the endpoints call {@link
 * gpt.server.api}. {@link gpt.server.http.Admission}, {@link gpt.server.http.Deadlines} and {@link
 * gpt.server.http.ClientWatch} bound what a client may take.
 *
 * <p>Only this package imports Helidon and Micrometer.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.server.http;
