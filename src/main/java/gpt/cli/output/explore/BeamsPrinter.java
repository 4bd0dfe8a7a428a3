package gpt.cli.output.explore;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import gpt.cli.output.Columns;
import gpt.cli.output.ContextTail;
import gpt.cli.output.Json;
import gpt.cli.output.StepTable;
import gpt.explore.BeamTree;
import gpt.generate.FinishedCompletion;
import gpt.generate.beam.Beams;
import gpt.load.LoadedModel;
import gpt.tokenizer.TokenLabel;
import gpt.tokenizer.Vocabulary;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Prints the tree of a beam search: a table for each step, and the completions. */
public record BeamsPrinter(BeamTree tree, int[] prompt, Vocabulary vocabulary) {
  /** Columns for the end of a beam. */
  private static final int TAIL = 24;

  /** The tables. */
  public String text() {
    StringBuilder out = new StringBuilder();
    for (int step = 0; step < tree.steps().size(); step++) {
      out.append("step ").append(step + 1).append('\n').append(table(step)).append('\n');
    }
    out.append("score    text\n");
    for (FinishedCompletion each : tree.completions()) {
      out.append(String.format(Locale.ROOT, "%-7.4f  ", each.score().orElseThrow()));
      out.append(text(each)).append('\n');
    }
    return out.toString();
  }

  private static String text(FinishedCompletion completion) {
    return completion.text() == null
        ? Arrays.toString(completion.ids())
        : TokenLabel.of(completion.text().getBytes(UTF_8));
  }

  private String table(int step) {
    List<BeamTree.Node> nodes = tree.steps().get(step);
    int[] width = {"beam".length(), "token".length()};
    for (int i = 0; i < nodes.size(); i++) {
      width[0] = Math.max(width[0], Columns.width(beam(step, i)));
      width[1] = Math.max(width[1], Columns.width(vocabulary.label(nodes.get(i).id())));
    }
    StringBuilder out = new StringBuilder();
    out.append(Columns.left("beam", width[0])).append("  ");
    out.append(Columns.left("token", width[1])).append("  probability     log p       sum\n");
    int kept = 0;
    for (int i = 0; i < nodes.size(); i++) {
      BeamTree.Node node = nodes.get(i);
      String fate =
          switch (node.fate()) {
            case KEPT -> "beam " + kept++;
            case ENDED -> "ended";
            case DROPPED -> "";
          };
      String line =
          String.format(
              Locale.ROOT,
              "%s  %s  %-11s  %8.4f  %8.4f  %s",
              Columns.left(beam(step, i), width[0]),
              Columns.left(vocabulary.label(node.id()), width[1]),
              StepTable.probability(Math.exp(node.logProbability())),
              node.logProbability(),
              node.sum(),
              fate);
      out.append(line.stripTrailing()).append('\n');
    }
    return out.toString();
  }

  /** The number of the beam that a node extends, and the beam's end. */
  private String beam(int step, int node) {
    int[] path = tree.path(step, node);
    ContextTail tail = new ContextTail(vocabulary, prompt, TAIL);
    for (int i = 0; i < path.length - 1; i++) {
      tail.add(path[i]);
    }
    return tree.beam(step, node) + " " + tail;
  }

  /** One JSON object on a line. */
  public String json(LoadedModel loaded, Beams beams) {
    JsonObject object = new JsonObject();
    object.add("prompt_ids", Json.tree(prompt));
    object.addProperty("beams", beams.beams());
    object.addProperty("length_penalty", beams.lengthPenalty());
    JsonArray steps = new JsonArray();
    for (int step = 0; step < tree.steps().size(); step++) {
      JsonArray nodes = new JsonArray();
      for (int i = 0; i < tree.steps().get(step).size(); i++) {
        nodes.add(node(step, i));
      }
      steps.add(nodes);
    }
    object.add("steps", steps);
    JsonArray completions = new JsonArray();
    for (FinishedCompletion each : tree.completions()) {
      JsonObject completion = new JsonObject();
      completion.add("ids", Json.tree(each.ids()));
      completion.addProperty("text", each.text());
      completion.addProperty("score", each.score().orElseThrow());
      completion.addProperty("stop_reason", each.stopReason().key());
      completions.add(completion);
    }
    object.add("completions", completions);
    return Json.line(object, loaded.engine());
  }

  private JsonObject node(int step, int index) {
    BeamTree.Node node = tree.steps().get(step).get(index);
    JsonObject object = new JsonObject();
    object.addProperty("parent", node.parent() < 0 ? null : node.parent());
    object.addProperty("beam", tree.beam(step, index));
    object.addProperty("id", node.id());
    object.addProperty("token", vocabulary.text(node.id()));
    object.addProperty("logprob", node.logProbability());
    object.addProperty("sum", node.sum());
    object.addProperty("fate", node.fate().name().toLowerCase(Locale.ROOT));
    return object;
  }
}
