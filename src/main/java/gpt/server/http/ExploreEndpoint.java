package gpt.server.http;

import com.google.gson.JsonObject;
import java.util.function.Function;

/** Answers a request of the page, which takes the places of completions while it runs. */
final class ExploreEndpoint implements Endpoint {
  private final ServerSettings settings;
  private final Admission admission;
  private final int places;
  private final Function<byte[], JsonObject> explorer;

  /**
   * Creates an endpoint.
   *
   * @param places sequences that a request opens at most
   * @param explorer computes the response for a body
   */
  ExploreEndpoint(
      ServerSettings settings,
      Admission admission,
      int places,
      Function<byte[], JsonObject> explorer) {
    this.settings = settings;
    this.admission = admission;
    this.places = places;
    this.explorer = explorer;
  }

  @Override
  public void answer(Exchange exchange) {
    byte[] body = exchange.body(settings.maxBody(), settings.receive());
    try (Admission.Place _ = admission.enter(places)) {
      exchange.json(200, explorer.apply(body));
    }
  }
}
