package gpt.server.explore;

import com.google.gson.JsonObject;
import gpt.OnFull;
import gpt.explore.BeamTree;
import gpt.generate.Request;
import gpt.generate.beam.Beams;
import gpt.sampling.SamplingParameters;
import gpt.server.api.ApiException;
import gpt.server.api.BodyReader;
import gpt.server.api.Json;
import gpt.server.api.ServedModel;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** The body of {@code POST /explore/beams}, and its answer. */
final class BeamsBody {
  /** Maximum of {@code beams}; an answer lists twice as many candidates for each step. */
  static final int MAX_BEAMS = 8;

  private static final int MAX_TOKENS = 64;
  private static final Set<String> NAMES =
      Set.of("model", "prompt", "prompt_ids", "beams", "max_tokens");

  private final ContextFields context = new ContextFields();
  private int beams = 4;
  private int maxTokens = 8;

  private BeamsBody() {}

  static BeamsBody parse(byte[] body) {
    return BodyReader.read(
        body,
        reader -> {
          BeamsBody parsed = new BeamsBody();
          reader.object(null, NAMES, name -> parsed.option(reader, name));
          return parsed;
        });
  }

  private void option(BodyReader body, String name) throws IOException {
    switch (name) {
      case "beams" -> beams = body.whole(name, 1, MAX_BEAMS);
      case "max_tokens" -> maxTokens = body.whole(name, 1, MAX_TOKENS);
      default -> context.read(body, name);
    }
  }

  /** The tree of the search. */
  JsonObject answer(ServedModel model) {
    if (beams > model.engine().capacity()) {
      throw ApiException.invalid(
          "beams",
          "beams must be at most " + model.engine().capacity() + " on this device, found " + beams);
    }
    Request request =
        new Request(
            context.ids(model),
            new Request.Length(maxTokens, model.endIds(), List.of(), OnFull.STOP),
            SamplingParameters.greedy(),
            0,
            beams,
            0,
            false);
    BeamTree tree = BeamTree.of(model.generator(), request, new Beams(beams, 1));
    return Json.tree(
            new Answer(
                tree.steps().stream().map(step -> step.stream().map(Node::of).toList()).toList(),
                tree.completions().stream()
                    .map(each -> new Completion(each.ids(), each.score().orElseThrow()))
                    .toList()))
        .getAsJsonObject();
  }

  private record Answer(List<List<Node>> steps, List<Completion> completions) {}

  private record Completion(int[] ids, double score) {}

  private record Node(int parent, int id, double logProbability, double sum, String fate) {
    static Node of(BeamTree.Node node) {
      String fate = node.fate().name().toLowerCase(Locale.ROOT);
      return new Node(node.parent(), node.id(), node.logProbability(), node.sum(), fate);
    }
  }
}
