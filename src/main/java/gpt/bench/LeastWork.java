package gpt.bench;

import gpt.model.GptConfig;
import gpt.model.Precision;

/**
 * The least that a test reads and computes.
 *
 * @param bytesPerToken read from memory for each decoded token, in the mean: its share of every
 *     matrix, norm and bias, which all sequences read once together, one row of wpe, and the keys
 *     and values of the positions before it
 * @param flopsPerToken multiplications and additions for each token, in the mean: two for each
 *     element of each matrix, and attention's. The logits are those of a prompt's last token only
 */
record LeastWork(double bytesPerToken, double flopsPerToken) {

  static LeastWork of(GptConfig config, Precision precision, BenchTest test) {
    int c = config.nEmbd();
    int layers = config.nLayer();
    long matrices = layers * (4L * c * c + 2L * c * config.nInner());
    long head = (long) config.vocabSize() * c;
    long rows = layers * (4L * c + config.nInner() + c) + config.vocabSize(); // outputs
    long vectors = (2L * layers + 1) * c * (config.bias() ? 2 : 1);
    if (config.bias()) {
      vectors += layers * (5L * c + config.nInner());
    }
    // Mean number of positions that a token sees, itself included.
    double seen = test.prompt() + (test.generated() + 1) / 2.0;
    double keysAndValues = layers * 2.0 * c * seen;
    double weights = (double) precision.bytes() * (matrices + head);
    if (precision == Precision.I8) {
      weights += (double) Float.BYTES * rows; // their factors
    }
    double shared = (weights + Float.BYTES * vectors) / test.sequences();
    double bytes = shared + Float.BYTES * (2.0 * c + keysAndValues);

    double n = test.prompt() + test.generated();
    double logits = (test.prompt() > 0 ? 1 : 0) + test.generated();
    double attention = layers * 4.0 * c * (n + 1) / 2;
    double flops = 2.0 * matrices + attention + 2.0 * head * logits / n;
    return new LeastWork(bytes, flops);
  }
}
