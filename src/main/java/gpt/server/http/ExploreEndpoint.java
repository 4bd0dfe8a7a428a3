package gpt.server.http;

import com.google.gson.JsonObject;
import java.util.function.Function;

/** Answers a request of the page, which takes a completion's place while it runs. */
final class ExploreEndpoint implements Endpoint {
  private final ServerSettings settings;
  private final Admission admission;
  private final Function<byte[], JsonObject> explorer;

  /**
   * Creates an endpoint.
   *
   * @param explorer computes the response for a body
   */
  ExploreEndpoint(
      ServerSettings settings, Admission admission, Function<byte[], JsonObject> explorer) {
    this.settings = settings;
    this.admission = admission;
    this.explorer = explorer;
  }

  @Override
  public void answer(Exchange exchange) {
    byte[] body = exchange.body(settings.maxBody(), settings.receive());
    try (Admission.Place _ = admission.enter(1)) {
      exchange.json(200, explorer.apply(body));
    }
  }
}
