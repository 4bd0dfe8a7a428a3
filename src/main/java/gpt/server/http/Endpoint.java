package gpt.server.http;

/** Answers the requests of one path and method. */
@FunctionalInterface
interface Endpoint {
  /**
   * Answers a request.
   *
   * @throws gpt.server.api.ApiException if it is refused
   */
  void answer(Exchange exchange);
}
