package gpt.spark;

import java.io.Serializable;

/**
 * How the prompts of a DataFrame are completed. Immutable: each method returns a changed copy.
 *
 * @param model a file of {@code --files} or a folder of {@code --archives}, a path that every
 *     executor has, or a name in the Hugging Face cache of every executor
 * @param id the column with the ids, of which the seeds are made
 * @param request options of a completion as in the body of {@code /v1/completions}, in JSON: {@code
 *     {"max_tokens": 40, "temperature": 0.8}}
 * @param seed the seed of which, with a row's id, the row's seed is made
 * @param parallel completions that an executor decodes together
 * @param device as {@code --device} of the command line
 * @param dtype as {@code --dtype} of the command line
 * @param threads threads of an executor's engine; 0 for the executor's cores
 */
public record CompletionOptions(
    String model,
    String id,
    String request,
    long seed,
    int parallel,
    String device,
    String dtype,
    int threads)
    implements Serializable {

  private static final long DEFAULT_SEED = 1337;
  private static final int DEFAULT_PARALLEL = 32;

  /** The defaults of {@code gpt batch}, for a model and a column of ids. */
  public static CompletionOptions of(String model, String id) {
    return new CompletionOptions(model, id, "{}", DEFAULT_SEED, DEFAULT_PARALLEL, "auto", "f32", 0);
  }

  /** Sets the options of a completion, in JSON. */
  public CompletionOptions request(String json) {
    return new CompletionOptions(model, id, json, seed, parallel, device, dtype, threads);
  }

  /** Sets the seed. */
  public CompletionOptions seed(long value) {
    return new CompletionOptions(model, id, request, value, parallel, device, dtype, threads);
  }

  /** Sets how many completions an executor decodes together. */
  public CompletionOptions parallel(int count) {
    return new CompletionOptions(model, id, request, seed, count, device, dtype, threads);
  }

  /** Sets the device. */
  public CompletionOptions device(String name) {
    return new CompletionOptions(model, id, request, seed, parallel, name, dtype, threads);
  }

  /** Sets the precision of the weights in memory. */
  public CompletionOptions dtype(String name) {
    return new CompletionOptions(model, id, request, seed, parallel, device, name, threads);
  }

  /** Sets the threads of an executor's engine. */
  public CompletionOptions threads(int count) {
    return new CompletionOptions(model, id, request, seed, parallel, device, dtype, count);
  }
}
