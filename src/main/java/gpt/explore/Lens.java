package gpt.explore;

import gpt.engine.Engine;
import gpt.engine.Site;
import gpt.engine.Want;
import gpt.sampling.InvalidLogitsException;
import gpt.sampling.Logprobs;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The logit lens: what the model would predict if its blocks ended after each layer. The model's
 * head, the final layer norm and lm_head, is applied to the residual stream there. After the last
 * block the prediction is the model's own.
 *
 * @param ids the text (T)
 * @param first the first position that is shown; R = T − first are
 * @param layers (n_layer + 1): 0 is the sum of the embeddings, i the output of block i − 1
 */
public record Lens(int[] ids, int first, List<Layer> layers) {

  /**
   * The residual stream at one depth.
   *
   * @param predictions of the token that follows each position (R)
   * @param stream L2 norm of the residual stream (R)
   * @param attn L2 norm of what attention of the block before added (R); empty for the embeddings
   * @param mlp L2 norm of what its MLP added (R); empty for the embeddings
   */
  public record Layer(List<Prediction> predictions, double[] stream, double[] attn, double[] mlp) {}

  /**
   * The likeliest next tokens.
   *
   * @param ids by descending probability, ties by ascending id
   * @param probabilities of these
   * @param finalProbability the probability here of the token that the last layer finds likeliest
   */
  public record Prediction(int[] ids, double[] probabilities, double finalProbability) {}

  /** Number of positions shown. */
  public int rows() {
    return ids.length - first;
  }

  /**
   * Computes it in one forward pass.
   *
   * @param ids 1 to block_size ids
   * @param first the first position to show
   * @param top number of tokens to list, at least 1
   * @throws gpt.GptException as {@link Activations#read}
   */
  public static Lens of(Engine engine, int[] ids, int first, int top) {
    int depth = engine.config().nLayer() + 1;
    int rows = ids.length - first;
    float[][][] streams = new float[depth][rows][];
    double[][] attn = new double[depth][rows];
    double[][] mlp = new double[depth][rows];
    attn[0] = new double[0];
    mlp[0] = new double[0];
    Activations.read(
        engine,
        ids,
        first,
        new Want.ProbeReader() {
          @Override
          public boolean wants(Site site, int layer) {
            return site == Site.RESID || site == Site.ATTN || site == Site.MLP;
          }

          @Override
          public void accept(Site site, int layer, int pos, float[] values) {
            switch (site) {
              case RESID -> streams[layer][pos - first] = values;
              case ATTN -> attn[layer + 1][pos - first] = norm(values);
              default -> mlp[layer + 1][pos - first] = norm(values);
            }
          }
        });
    Layer[] layers = new Layer[depth];
    int[] likeliest = new int[rows];
    for (int layer = depth - 1; layer >= 0; layer--) { // the last one first: it has the final token
      List<Prediction> predictions = predictions(engine, streams[layer], top, likeliest);
      if (layer == depth - 1) {
        Arrays.setAll(likeliest, row -> predictions.get(row).ids[0]);
        predictions.replaceAll(p -> new Prediction(p.ids, p.probabilities, p.probabilities[0]));
      }
      double[] norms = Arrays.stream(streams[layer]).mapToDouble(Lens::norm).toArray();
      layers[layer] = new Layer(predictions, norms, attn[layer], mlp[layer]);
    }
    return new Lens(ids, first, List.of(layers));
  }

  /** The predictions of streams (R, C), with the probability of a given token in each. */
  private static List<Prediction> predictions(
      Engine engine, float[][] streams, int top, int[] tokens) {
    int v = engine.config().vocabSize();
    List<Prediction> predictions = new ArrayList<>();
    engine.logits(
        streams,
        (row, logits) -> {
          InvalidLogitsException.check(logits, v);
          Logprobs found = Logprobs.of(logits, v, tokens[row], Math.min(top, v));
          double[] probabilities = Arrays.stream(found.values()).map(Math::exp).toArray();
          predictions.add(new Prediction(found.ids(), probabilities, Math.exp(found.chosen())));
        });
    return predictions;
  }

  private static double norm(float[] x) {
    double sum = 0;
    for (float value : x) {
      sum += (double) value * value;
    }
    return Math.sqrt(sum);
  }
}
