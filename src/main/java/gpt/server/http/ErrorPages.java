package gpt.server.http;

import gpt.server.api.ApiException;
import io.helidon.common.buffers.DataReader;
import io.helidon.http.DirectHandler;
import io.helidon.http.HeaderNames;
import io.helidon.http.ServerResponseHeaders;
import io.helidon.http.Status;
import java.nio.charset.StandardCharsets;

/** Answers in OpenAI's form what the web server refuses itself: malformed or too large requests. */
record ErrorPages(int maxBody) implements DirectHandler {
  @Override
  public TransportResponse handle(
      TransportRequest request,
      EventType event,
      Status status,
      ServerResponseHeaders headers,
      String message) {
    ApiException error = error(status.code(), message);
    if (status.code() == 413) {
      discard(request.headers().contentLength().orElse(0));
    }
    return TransportResponse.builder()
        .status(status)
        .headers(headers)
        .header(HeaderNames.CONTENT_TYPE, "application/json")
        .entity((error.json() + "\n").getBytes(StandardCharsets.UTF_8))
        .build();
  }

  private ApiException error(int status, String message) {
    if (status == 413) {
      return Exchange.tooLarge(maxBody);
    }
    String why = message == null ? "the request is malformed or too large" : message;
    return new ApiException(
        status,
        status >= 500 ? "server_error" : ApiException.INVALID,
        null,
        "malformed_request",
        why);
  }

  private static void discard(long body) {
    DataReader reader = Connections.current().dataReader();
    Connections.discard(
        () -> {
          for (long left = body; left > 0; ) {
            reader.ensureAvailable();
            int some = (int) Math.min(left, reader.available());
            reader.skip(some);
            left -= some;
          }
          return body;
        });
  }
}
