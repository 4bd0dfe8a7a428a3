package gpt.model;

/** The two forms of the GELU activation (Hendrycks and Gimpel, 2016) that GPT-2 checkpoints use. */
public enum Gelu {
  /** x · Φ(x) with the exact normal distribution function: nanoGPT's {@code nn.GELU()}. */
  EXACT,
  /** ½x(1 + tanh(√(2/π)(x + 0.044715x³))): {@code gelu_new}, as in OpenAI's GPT-2. */
  TANH
}
