package gpt.bench;

import gpt.model.GptConfig;

/**
 * The minimum memory traffic and arithmetic of a test.
 *
 * @param bytesPerToken mean bytes read per decoded token: its share of every matrix, norm and bias,
 *     which all sequences of a step read once together, a row of wte and of wpe, and the KV cache
 * @param flopsPerToken mean FLOPs per token: two per element of each matrix, and attention's. Of a
 *     prompt only the last token has logits
 */
record MinimumWork(double bytesPerToken, double flopsPerToken) {

  /**
   * The minimum for a test.
   *
   * @param weightBytes bytes of the matrices that each token reads
   */
  static MinimumWork of(GptConfig config, double weightBytes, BenchTest test) {
    int c = config.nEmbd();
    int layers = config.nLayer();
    long matrices = layers * (4L * c * c + 2L * c * config.nInner());
    long head = (long) config.vocabSize() * c;
    long vectors = (2L * layers + 1) * c * (config.bias() ? 2 : 1);
    if (config.bias()) {
      vectors += layers * (5L * c + config.nInner());
    }
    // Mean number of positions that a token attends to, itself included.
    double seen = test.prompt() + (test.generated() + 1) / 2.0;
    double keysAndValues = layers * 2.0 * c * seen;
    double shared = (weightBytes + Float.BYTES * vectors) / test.sequences();
    double bytes = shared + Float.BYTES * (2.0 * c + keysAndValues);

    double n = test.prompt() + test.generated();
    double logits = (test.prompt() > 0 ? 1 : 0) + test.generated();
    double attention = layers * 4.0 * c * (n + 1) / 2;
    double flops = 2.0 * matrices + attention + 2.0 * head * logits / n;
    return new MinimumWork(bytes, flops);
  }
}
