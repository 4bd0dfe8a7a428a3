// The course's examples with the library, offline. In the project's folder, after a build:
//   jshell --class-path target/gpt.jar scripts/course.jsh
// Change a line, or type on at the prompt: gpt, logits and the methods below are there.

import gpt.*;
import static gpt.Options.options;

Gpt gpt = Gpt.load("shakespeare-char", LoadOptions.loadOptions().device("cpu"));

// From a prompt to logits: one for each of the 65 characters of the vocabulary.
Candidates next = gpt.next("ROMEO", options().greedy(), 5);
float[] logits = next.logits();
System.out.printf("%d logits, the first %.3f%n", logits.length, logits[0]);

// softmax, in two passes (attention, step 1): without the maximum e^1000 would be infinite.
double[] softmax(float[] x) {
  double max = Double.NEGATIVE_INFINITY;
  for (float v : x) {
    max = Math.max(max, v);
  }
  double sum = 0;
  for (float v : x) {
    sum += Math.exp(v - max);
  }
  double[] p = new double[x.length];
  for (int i = 0; i < x.length; i++) {
    p[i] = Math.exp(x[i] - max) / sum;
  }
  return p;
}
System.out.println(Arrays.toString(softmax(new float[] {1, 3, 2, 0})));

// Online softmax (attention, step 3): the sum in one pass, rescaled when a larger score comes.
double onlineSum(float[] x) {
  double max = Double.NEGATIVE_INFINITY;
  double sum = 0;
  for (float v : x) {
    double larger = Math.max(max, v);
    sum = sum * Math.exp(max - larger) + Math.exp(v - larger);
    max = larger;
  }
  return sum;
}
System.out.printf("online sum of 1, 3, 2, 0: %.3f%n", onlineSum(new float[] {1, 3, 2, 0}));

// Split keys (attention, step 5): two halves, merged.
System.out.printf("halves of 1, 3 and 2, 0: %.3f + e^(2 - 3) * %.3f = %.3f%n", onlineSum(new float[] {1, 3}), onlineSum(new float[] {2, 0}), onlineSum(new float[] {1, 3}) + Math.exp(2 - 3) * onlineSum(new float[] {2, 0}));

// Choosing a token, step 1: greedy takes the largest logit, here the colon behind a name.
int argmax(float[] x) {
  int best = 0;
  for (int i = 1; i < x.length; i++) {
    if (x[i] > x[best]) {
      best = i;
    }
  }
  return best;
}
System.out.printf("the largest logit: id %d, '%s'%n", argmax(logits), gpt.detokenize(new int[] {argmax(logits)}));
if (argmax(logits) != next.chosen().id()) throw new AssertionError("greedy chose " + next.chosen());

// Choosing a token, step 3: a sum of floats depends on its order, a sum of integers does not.
void sumBothWays(double[] p) {
  float forward = 0;
  float backward = 0;
  long units = 0;
  long reversed = 0;
  for (int i = 0; i < p.length; i++) {
    forward += (float) p[i];
    backward += (float) p[p.length - 1 - i];
    units += (long) (p[i] * 0x1p44);
    reversed += (long) (p[p.length - 1 - i] * 0x1p44);
  }
  System.out.printf("floats: forward %.9f, backward %.9f; integers: %d, %d%n", forward, backward, units, reversed);
}
sumBothWays(softmax(logits));

// LayerNorm by hand, and why its variance takes a second pass: around 10,000 one pass has lost it.
float onePass(float[] x) {
  float sum = 0;
  float squares = 0;
  for (float v : x) {
    sum += v;
    squares += v * v;
  }
  float mean = sum / x.length;
  return squares / x.length - mean * mean;
}
float twoPasses(float[] x) {
  float sum = 0;
  for (float v : x) {
    sum += v;
  }
  float mean = sum / x.length;
  float squares = 0;
  for (float v : x) {
    squares += (v - mean) * (v - mean);
  }
  return squares / x.length;
}
float[] shifted = {10001, 10002, 10003, 10006};
System.out.printf("variance 3.5: one pass %.1f, two passes %.1f%n", onePass(shifted), twoPasses(shifted));

// A tree of sums (matrix × vector, step 4), with eight lanes.
void tree(int... sums) {
  for (int half = sums.length / 2; half > 0; half /= 2) {
    for (int lane = 0; lane < half; lane++) {
      sums[lane] += sums[lane + half];
    }
    System.out.println(half + " lanes add: " + Arrays.toString(sums));
  }
}
tree(1, 2, 3, 4, 5, 6, 7, 8);

// Attention of the model itself: each row is a softmax, over the row's own and earlier tokens.
float[][] attention = gpt.attention("ROMEO", 0, 0);
System.out.println(Arrays.toString(attention[2]));
