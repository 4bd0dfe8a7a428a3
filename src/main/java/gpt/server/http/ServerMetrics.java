package gpt.server.http;

import gpt.generate.SchedulerListener;
import gpt.server.api.Generation;
import gpt.server.api.Usage;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/** The figures of {@code /metrics}, in the format of Prometheus. */
public final class ServerMetrics implements SchedulerListener, AutoCloseable {
  private static final Duration[] LATENCIES =
      Stream.of(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000)
          .map(Duration::ofMillis)
          .toArray(Duration[]::new);

  private static final double[] BATCHES = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512};

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final JvmGcMetrics gc = new JvmGcMetrics();
  private final AtomicInteger waiting = new AtomicInteger();
  private final AtomicInteger active = new AtomicInteger();
  private final Counter promptTokens = counter("gpt.tokens.prompt", "Prompt tokens of requests");
  private final Counter newTokens = counter("gpt.tokens.completion", "Tokens generated");
  private final Counter started = counter("gpt.completions", "Completions that got a sequence");
  private final Counter hits =
      counter("gpt.prefix.cache.hits", "Completions whose prompt's beginning was not recomputed");
  private final Counter reused =
      counter("gpt.prefix.cache.tokens", "Prompt tokens that were not recomputed");
  private final Counter cancelled =
      counter("gpt.requests.cancelled", "Requests whose client went away");
  private final Timer firstToken =
      timer("gpt.time.to.first.token", "From a request to its first token");
  private final Timer perToken =
      timer("gpt.time.per.token", "Mean time between a request's tokens");
  private final Timer step = timer("gpt.step", "Duration of a step");
  private final DistributionSummary sequences =
      summary("gpt.step.sequences", "Sequences that a step extended");
  private final DistributionSummary rows = summary("gpt.step.rows", "Tokens that a step appended");

  /** Creates the figures and begins to watch the JVM. */
  public ServerMetrics() {
    gauge("gpt.completions.waiting", "Completions in the queue", waiting);
    gauge("gpt.completions.active", "Completions that are decoded together", active);
    new JvmMemoryMetrics().bindTo(registry);
    new JvmThreadMetrics().bindTo(registry);
    new ClassLoaderMetrics().bindTo(registry);
    new ProcessorMetrics().bindTo(registry);
    new UptimeMetrics().bindTo(registry);
    gc.bindTo(registry);
  }

  private Counter counter(String name, String description) {
    return Counter.builder(name).description(description).register(registry);
  }

  private Timer timer(String name, String description) {
    return Timer.builder(name)
        .description(description)
        .serviceLevelObjectives(LATENCIES)
        .register(registry);
  }

  private DistributionSummary summary(String name, String description) {
    return DistributionSummary.builder(name)
        .description(description)
        .serviceLevelObjectives(DoubleStream.of(BATCHES).toArray())
        .register(registry);
  }

  private void gauge(String name, String description, AtomicInteger value) {
    Gauge.builder(name, value, AtomicInteger::get).description(description).register(registry);
  }

  // The scheduler's figures.

  @Override
  public void started(int prompt, int fromCache) {
    started.increment();
    if (fromCache > 0) {
      hits.increment();
      reused.increment(fromCache);
    }
  }

  @Override
  public void load(int queued, int decoding) {
    waiting.set(queued);
    active.set(decoding);
  }

  @Override
  public void stepped(int extended, int appended, long nanos) {
    sequences.record(extended);
    rows.record(appended);
    step.record(nanos, TimeUnit.NANOSECONDS);
  }

  // The requests' figures.

  /**
   * Records a request that has ended.
   *
   * @param route the path of an endpoint, or {@code other}: a client must not choose the label
   */
  void ended(String route, Exchange exchange) {
    Timer.builder("gpt.requests")
        .description("Requests by path and status")
        .tag("path", route)
        .tag("status", String.valueOf(exchange.status()))
        .register(registry)
        .record(exchange.nanos(), TimeUnit.NANOSECONDS);
    exchange.work().ifPresent(this::ended);
  }

  private void ended(Generation work) {
    Usage usage = work.usage();
    promptTokens.increment(usage.prompt());
    newTokens.increment(usage.completion());
    if (work.firstTokenNanos() >= 0) {
      firstToken.record(work.firstTokenNanos(), TimeUnit.NANOSECONDS);
    }
    // Each completion's tokens follow one another; those of several overlap.
    double gaps = (double) usage.completion() / work.completions() - 1;
    if (gaps >= 1) {
      perToken.record((long) (work.decodeNanos() / gaps), TimeUnit.NANOSECONDS);
    }
  }

  /** Counts a request whose client went away. */
  void cancelled() {
    cancelled.increment();
  }

  /** The text of {@code /metrics}. */
  String text() {
    return registry.scrape();
  }

  @Override
  public void close() {
    gc.close();
    registry.close();
  }
}
