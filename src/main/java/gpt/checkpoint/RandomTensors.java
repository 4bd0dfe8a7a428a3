package gpt.checkpoint;

import gpt.checkpoint.OutTensor.Elements;
import gpt.model.DType;
import gpt.model.GptConfig;
import gpt.model.Tensor;
import gpt.sampling.Normals;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A model's tensors with random weights, which exist only while they are written. */
final class RandomTensors implements TensorSource {
  private static final double DEVIATION = 0.02;

  private final long seed;
  private final DType dtype;

  /** The projections that add to the residual stream, of which the model has 2·nLayer. */
  private final double residualDeviation;

  private final List<OutTensor> tensors = new ArrayList<>();

  private RandomTensors(GptConfig config, long seed, DType dtype) {
    this.seed = seed;
    this.dtype = dtype;
    residualDeviation = DEVIATION / Math.sqrt(2 * config.nLayer());
  }

  /** All tensors under their safetensors keys. */
  static List<OutTensor> of(GptConfig config, long seed, DType dtype) {
    RandomTensors random = new RandomTensors(config, seed, dtype);
    WeightsReader.read(config, random, false, false);
    return random.tensors;
  }

  /** Notes a tensor that the model has; there is none to give back. */
  @Override
  public Tensor read(String key, int... shape) {
    boolean vector = shape.length == 1;
    boolean turned = WeightList.isConv1d(key);
    int rows = vector ? 1 : shape[turned ? 1 : 0];
    int columns = vector ? shape[0] : shape[turned ? 0 : 1];
    // A stream for each tensor, by its place in the model.
    Elements elements = elements(key, vector, new Normals(seed, tensors.size()), columns);
    tensors.add(
        new OutTensor(
            SafetensorsWriter.key(key), shape.length, rows, columns, dtype, elements, null));
    return null;
  }

  private Elements elements(String key, boolean vector, Normals normals, int columns) {
    if (vector) {
      float value = key.endsWith(".weight") ? 1 : 0;
      return (first, count, out) -> Arrays.fill(out, value);
    }
    double deviation = key.endsWith(".c_proj.weight") ? residualDeviation : DEVIATION;
    return (first, count, out) -> normals.fill((long) first * columns, deviation, out);
  }
}
