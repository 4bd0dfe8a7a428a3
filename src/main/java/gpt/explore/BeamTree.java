package gpt.explore;

import gpt.generate.FinishedCompletion;
import gpt.generate.Generator;
import gpt.generate.Listener;
import gpt.generate.Request;
import gpt.generate.beam.BeamStep;
import gpt.generate.beam.Beams;
import java.util.ArrayList;
import java.util.List;

/**
 * A beam search as a tree: the candidates that each step ranked.
 *
 * @param steps the steps, in order
 * @param completions the best completions, as {@link Generator#search} returns them
 */
public record BeamTree(List<List<Node>> steps, List<FinishedCompletion> completions) {

  /**
   * A beam extended by one token.
   *
   * @param parent index among the previous step's nodes of the beam that it extends; −1 in the
   *     first step
   * @param id the token
   * @param logProbability of the token after its beam, in nats
   * @param sum of the log-probabilities of all new tokens, this one included, in nats
   * @param fate whether it is a beam of the next step, ended, or was dropped
   */
  public record Node(int parent, int id, double logProbability, double sum, BeamStep.Fate fate) {}

  /**
   * Searches, and records each step.
   *
   * @throws gpt.GptException as {@link Generator#search}
   */
  public static BeamTree of(Generator generator, Request request, Beams beams) {
    List<List<Node>> steps = new ArrayList<>();
    List<FinishedCompletion> completions =
        generator.search(
            request,
            beams,
            new Listener() {
              @Override
              public boolean token(int sample, int id, String text) {
                return true;
              }

              @Override
              public void searched(BeamStep step) {
                steps.add(nodes(step, steps.isEmpty() ? null : steps.getLast()));
              }
            });
    return new BeamTree(List.copyOf(steps), completions);
  }

  /** The nodes of a step; {@code before} are those of the previous one, or null. */
  private static List<Node> nodes(BeamStep step, List<Node> before) {
    List<Integer> kept = new ArrayList<>(); // index of each beam among the nodes
    for (int i = 0; before != null && i < before.size(); i++) {
      if (before.get(i).fate == BeamStep.Fate.KEPT) {
        kept.add(i);
      }
    }
    List<Node> nodes = new ArrayList<>();
    for (BeamStep.Ranked each : step.candidates()) {
      int parent = before == null ? -1 : kept.get(each.beam());
      double above = before == null ? 0 : before.get(parent).sum;
      nodes.add(new Node(parent, each.id(), each.sum() - above, each.sum(), each.fate()));
    }
    return List.copyOf(nodes);
  }

  /** Index of the beam that a node extends: its place among those that the step before kept. */
  public int beam(int step, int node) {
    int parent = steps.get(step).get(node).parent;
    return parent < 0
        ? 0
        : (int)
            steps.get(step - 1).subList(0, parent).stream()
                .filter(each -> each.fate == BeamStep.Fate.KEPT)
                .count();
  }

  /** The tokens from the first step to a node. */
  public int[] path(int step, int node) {
    int[] ids = new int[step + 1];
    int at = node;
    for (int i = step; i >= 0; i--) {
      ids[i] = steps.get(i).get(at).id;
      at = steps.get(i).get(at).parent;
    }
    return ids;
  }
}
