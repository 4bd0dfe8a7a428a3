package gpt.explore.plot;

import com.google.gson.FieldNamingPolicy;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import gpt.sampling.ChainTrace;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Base64;
import java.util.stream.IntStream;

/**
 * One step as the page's script reads it. Arrays of numbers are Base64 of 32-bit numbers,
 * little-endian, so that every logit has its bits.
 *
 * @param name what the step is called, where one context has several; null if nothing
 * @param ids the tokens of the context; null if they are the previous step's and its chosen token
 * @param logits after penalties and biases, before the temperature (V)
 * @param changedIds ids whose logits penalties or biases changed
 * @param modelLogits the model's logits of these ids
 * @param random the random number in units of 2⁻²⁴
 * @param chosen the token that was drawn
 * @param temperature the temperature that it was drawn with
 */
public record StepData(
    String name,
    int[] ids,
    String logits,
    String changedIds,
    String modelLogits,
    int random,
    int chosen,
    double temperature) {
  /** Writes the page's data: names in snake case as in the API, HTML-safe strings. */
  static final Gson GSON =
      new GsonBuilder()
          .setFieldNamingPolicy(FieldNamingPolicy.LOWER_CASE_WITH_UNDERSCORES)
          .create();

  /** The data of a traced step. */
  public static StepData of(String name, int[] ids, ChainTrace trace) {
    float[] logits = trace.adjusted();
    float[] model = trace.logits();
    int[] changed = IntStream.range(0, model.length).filter(i -> model[i] != logits[i]).toArray();
    float[] modelLogits = new float[changed.length];
    for (int i = 0; i < changed.length; i++) {
      modelLogits[i] = model[changed[i]];
    }
    return new StepData(
        name,
        ids,
        base64(logits),
        base64(changed),
        base64(modelLogits),
        (int) (trace.random() * 0x1p24),
        trace.chosen(),
        trace.parameters().temperature());
  }

  /** The data as JSON. */
  public JsonElement json() {
    return GSON.toJsonTree(this);
  }

  /** Bytes of the step in a page, approximately. */
  int bytes() {
    return logits.length()
        + changedIds.length()
        + modelLogits.length()
        + (ids == null ? 0 : 7 * ids.length)
        + 200;
  }

  /** Base64 of the numbers' bits. */
  public static String base64(float[] numbers) {
    ByteBuffer buffer = buffer(numbers.length);
    buffer.asFloatBuffer().put(numbers);
    return Base64.getEncoder().encodeToString(buffer.array());
  }

  private static String base64(int[] numbers) {
    ByteBuffer buffer = buffer(numbers.length);
    buffer.asIntBuffer().put(numbers);
    return Base64.getEncoder().encodeToString(buffer.array());
  }

  private static ByteBuffer buffer(int numbers) {
    return ByteBuffer.allocate(4 * numbers).order(ByteOrder.LITTLE_ENDIAN);
  }
}
