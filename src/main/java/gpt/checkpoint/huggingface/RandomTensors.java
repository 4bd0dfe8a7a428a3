package gpt.checkpoint.huggingface;

import gpt.checkpoint.format.OutTensor;
import gpt.checkpoint.format.OutTensor.Elements;
import gpt.checkpoint.format.TensorSource;
import gpt.checkpoint.format.WeightsReader;
import gpt.model.DType;
import gpt.model.GptConfig;
import gpt.model.Tensor;
import gpt.sampling.Normals;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The tensors of a model with random weights, which are computed when they are written. */
final class RandomTensors implements TensorSource {
  private static final double STANDARD_DEVIATION = 0.02;

  private final long seed;
  private final DType dtype;

  /** For the projections into the residual stream, of which the model has 2·nLayer. */
  private final double residualDeviation;

  private final List<OutTensor> tensors = new ArrayList<>();

  private RandomTensors(GptConfig config, long seed, DType dtype) {
    this.seed = seed;
    this.dtype = dtype;
    residualDeviation = STANDARD_DEVIATION / Math.sqrt(2 * config.nLayer());
  }

  /** All tensors of a model, under Hugging Face's keys. */
  static List<OutTensor> of(GptConfig config, long seed, DType dtype) {
    RandomTensors random = new RandomTensors(config, seed, dtype);
    WeightsReader.read(config, random, false, false);
    return random.tensors;
  }

  /** Records a tensor of the model; returns null, since there is none to read. */
  @Override
  public Tensor read(String key, int... shape) {
    boolean vector = shape.length == 1;
    boolean conv1d = WeightsReader.isConv1d(key);
    int rows = vector ? 1 : shape[conv1d ? 1 : 0];
    int columns = vector ? shape[0] : shape[conv1d ? 0 : 1];
    // Each tensor has its own random stream, numbered by its position in the model.
    Elements elements = elements(key, vector, new Normals(seed, tensors.size()), columns);
    tensors.add(
        new OutTensor(
            WeightsReader.fullKey(key), shape.length, rows, columns, dtype, elements, null));
    return null;
  }

  private Elements elements(String key, boolean vector, Normals normals, int columns) {
    if (vector) {
      float value = key.endsWith(".weight") ? 1 : 0;
      return (first, count, out) -> Arrays.fill(out, value);
    }
    double deviation = key.endsWith(".c_proj.weight") ? residualDeviation : STANDARD_DEVIATION;
    return (first, count, out) -> normals.fill((long) first * columns, deviation, out);
  }
}
