package gpt.server.explore;

import gpt.sampling.SamplingParameters;
import gpt.server.api.BodyReader;
import gpt.server.api.SamplingFields;
import java.io.IOException;
import java.util.Set;

/** The body of {@code POST /explore/step}. */
final class StepBody {
  private static final Set<String> NAMES =
      BodyReader.names(SamplingFields.NAMES, "model", "prompt", "prompt_ids", "step", "sample");

  private final ContextFields context = new ContextFields();
  private final SamplingFields sampling = new SamplingFields(SamplingFields::drawnSeed);
  private int step;
  private int sample;

  private StepBody() {}

  static StepBody parse(byte[] body) {
    return BodyReader.read(
        body,
        reader -> {
          StepBody parsed = new StepBody();
          reader.object(null, NAMES, name -> parsed.option(reader, name));
          return parsed;
        });
  }

  private void option(BodyReader body, String name) throws IOException {
    switch (name) {
      case "step" -> step = body.whole(name, 0, Integer.MAX_VALUE);
      case "sample" -> sample = body.whole(name, 0, Integer.MAX_VALUE);
      case "model", "prompt", "prompt_ids" -> context.read(body, name);
      default -> sampling.read(body, name);
    }
  }

  ContextFields context() {
    return context;
  }

  /** The sampling chain; the seed is drawn where none was given. */
  SamplingParameters sampling() {
    return sampling.parameters(0);
  }

  /** Index of the token in its completion: how many of the last ids were generated. */
  int step() {
    return step;
  }

  /** Index of the completion. */
  int sample() {
    return sample;
  }
}
