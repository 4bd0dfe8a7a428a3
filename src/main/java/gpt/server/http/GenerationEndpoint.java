package gpt.server.http;

import gpt.GptException;
import gpt.server.api.Delta;
import gpt.server.api.Generation;
import gpt.server.api.ResponseWriter;
import io.helidon.webserver.CloseConnectionException;
import java.util.List;
import java.util.function.Function;

/**
 * Answers with completions, whole or as a stream.
 *
 * @param parser reads a request's body
 * @param writer writes the response
 */
record GenerationEndpoint(
    Admission admission,
    Connections connections,
    ServerMetrics metrics,
    Function<byte[], Generation> parser,
    Function<Generation, ResponseWriter> writer) {
  /** Answers a request; see {@link Router#add}. */
  void answer(Exchange exchange) {
    Generation generation = parser.apply(exchange.body());
    try (Admission.Place _ = admission.enter(generation.completions())) {
      exchange.work(generation);
      ClientWatch watch = connections.watch(generation::cancel);
      exchange.watch(watch);
      if (generation.request().stream()) {
        stream(generation, exchange);
      } else {
        List<Delta> choices = generation.collect();
        exchange.json(200, writer.apply(generation).whole(choices, generation.usage()));
      }
    } catch (Generation.CancelledException | Exchange.ClientGoneException e) {
      exchange.status(Exchange.CLIENT_GONE);
      metrics.cancelled();
      throw new CloseConnectionException("the client has gone", e);
    } finally {
      generation.cancel();
    }
  }

  private void stream(Generation generation, Exchange exchange) {
    ResponseWriter response = writer.apply(generation);
    Exchange.EventStream events = exchange.stream();
    response.opening().forEach(events::json);
    try {
      generation.stream(delta -> events.json(response.event(delta)));
    } catch (GptException e) { // the status is sent already
      events.json(Router.failed(e).json());
      events.close();
      return;
    }
    if (generation.request().usage()) {
      events.json(response.event(generation.usage()));
    }
    events.done();
  }
}
