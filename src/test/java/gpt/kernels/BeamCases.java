package gpt.kernels;

import java.util.Arrays;
import java.util.stream.IntStream;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Cases of what beam search adds. */
final class BeamCases {
  private BeamCases() {}

  /** Some contexts are copied into others, as many positions as they hold. */
  static KernelCase<SlotCopy.Arguments> slotCopy(
      int[] sources, int heads, int headSize, int positions, int contextLength, long seed) {
    int blocks = 2;
    int samples = sources.length;
    KernelCase<SlotCopy.Arguments> test =
        new KernelCase<>(
            "slot copy " + Arrays.toString(sources) + ", positions " + positions, seed);
    test.gridRows(positions);
    int[] header = IntStream.concat(IntStream.of(positions), Arrays.stream(sources)).toArray();
    IntArray request = test.ints(header);
    int size = headSize * contextLength;
    int cache = blocks * samples * heads * size;
    FloatArray keys = test.inOut(cache);
    FloatArray values = test.inOut(cache);
    double[] expectedKeys = IntStream.range(0, cache).mapToDouble(keys::get).toArray();
    double[] expectedValues = IntStream.range(0, cache).mapToDouble(values::get).toArray();
    for (int head = 0; head < blocks * samples * heads; head++) {
      int b = head / heads % samples;
      int from = head + (sources[b] - b) * heads;
      for (int i = 0; i < headSize; i++) {
        for (int t = 0; t < positions; t++) {
          int key = i * contextLength + t;
          int value = t * headSize + i;
          expectedKeys[head * size + key] = keys.get(from * size + key);
          expectedValues[head * size + value] = values.get(from * size + value);
        }
      }
    }
    long copied = IntStream.range(0, samples).filter(b -> sources[b] != b).count();
    return test.expectInOut(keys, expectedKeys)
        .expectInOut(values, expectedValues)
        .cost(16L * copied * blocks * heads * headSize * positions, 0)
        .arguments(
            new SlotCopy.Arguments(
                request, keys, values, blocks, samples, heads, headSize, contextLength));
  }

  /** What the chunks of so many beams have, beside a last one that is not in use. */
  private record Chunks(
      FloatArray logits, double[] values, int[] ids, double[] sums, int beams, int most) {}

  private static Chunks chunks(
      KernelCase<?> test, int beams, int most, Sampling.Layout layout, boolean ties) {
    int v = layout.vocabSize();
    int g = layout.chunks();
    int all = beams + 1;
    FloatArray logits = test.floats(all * v, 3);
    for (int i = 0; ties && i < all * v; i++) {
      logits.set(i, test.random().nextInt(9) == 0 ? -3.4e38f : Math.round(logits.get(i)));
    }
    double[] values = KernelCase.all(all * g * most, Double.NaN);
    int[] ids = new int[all * g * most];
    double[] sums = KernelCase.all(all * g, Double.NaN);
    Arrays.fill(ids, -777); // as outputs are poisoned
    for (int i = 0; i < beams * g; i++) {
      int row = i / g * v;
      int from = i % g * layout.chunk();
      int[] sorted =
          IntStream.range(from, Math.min(v, from + layout.chunk()))
              .filter(id -> logits.get(row + id) >= Sampling.LEAST)
              .boxed()
              .sorted((a, b) -> Float.compare(logits.get(row + b), logits.get(row + a)))
              .mapToInt(id -> id)
              .toArray();
      for (int k = 0; k < most; k++) {
        boolean there = k < sorted.length;
        ids[i * most + k] = there ? sorted[k] : BeamChunks.NONE;
        values[i * most + k] = there ? logits.get(row + sorted[k]) : Sampling.NOTHING;
      }
      sums[i] = 0;
      for (int id : sorted) {
        sums[i] += Math.exp(logits.get(row + id) - values[i * most]);
      }
    }
    return new Chunks(logits, values, ids, sums, beams, most);
  }

  static KernelCase<BeamChunks.Arguments> chunks(
      int beams, int most, int vocabSize, int chunk, boolean ties, long seed) {
    KernelCase<BeamChunks.Arguments> test =
        new KernelCase<>(
            "beam chunks B=" + beams + " M=" + most + " V=" + vocabSize + "/" + chunk, seed);
    Sampling.Layout layout = new Sampling.Layout(vocabSize, chunk, 6);
    IntArray pass = test.pass(beams, beams, beams, 0);
    Chunks chunks = chunks(test, beams, most, layout, ties);
    FloatArray values = test.output(chunks.values.length);
    FloatArray sums = test.output(chunks.sums.length);
    IntArray ids = test.intOutput(chunks.ids.length);
    return test.expect(values, chunks.values)
        .expect(sums, chunks.sums)
        .expect(ids, chunks.ids)
        .cost(4L * beams * vocabSize, 0)
        .arguments(
            new BeamChunks.Arguments(
                pass, chunks.logits, values, ids, sums, beams + 1, most, layout));
  }

  /** A logit in the middle that is no number, and one that is too large for one. */
  static KernelCase<BeamChunks.Arguments> damagedChunks(long seed) {
    KernelCase<BeamChunks.Arguments> test = new KernelCase<>("beam chunks, damaged", seed);
    Sampling.Layout layout = new Sampling.Layout(600, 300, 6);
    IntArray pass = test.pass(2, 2, 2, 0);
    FloatArray logits = test.floats(2 * 600, 1);
    logits.set(70, Float.POSITIVE_INFINITY);
    logits.set(299, Float.NEGATIVE_INFINITY);
    logits.set(400, Float.NaN);
    logits.set(1199, Float.NaN);
    logits.set(1000, Float.POSITIVE_INFINITY);
    double healthy = 0;
    double largest = IntStream.range(600, 900).mapToDouble(logits::get).max().orElse(0);
    for (int i = 600; i < 900; i++) {
      healthy += Math.exp(logits.get(i) - largest);
    }
    FloatArray sums = test.output(4);
    return test.expect(sums, new double[] {Sampling.INFINITE, Sampling.NAN, healthy, Sampling.NAN})
        .arguments(
            new BeamChunks.Arguments(
                pass, logits, test.output(16), test.intOutput(16), sums, 2, 4, layout));
  }

  /** Step 0 has the prompt's score, which is 0 whatever is there. */
  static KernelCase<BeamTotals.Arguments> totals(int beams, int chunks, int step, long seed) {
    int most = 3;
    int all = beams + 1;
    KernelCase<BeamTotals.Arguments> test =
        new KernelCase<>("beam totals B=" + beams + " G=" + chunks + " step " + step, seed);
    IntArray pass = test.pass(beams, beams, beams, 0);
    pass.set(Pass.STEP, step);
    FloatArray values = test.floats(all * chunks * most, 9);
    FloatArray sums = test.floats(all * chunks, 1);
    FloatArray scores = test.floats(all, 20);
    double[] expected = KernelCase.all(all, Double.NaN);
    int[] failures = new int[all];
    failures[beams] = -777;
    for (int b = 0; b < beams; b++) {
      double total = 0;
      for (int g = 0; g < chunks; g++) {
        int i = b * chunks + g;
        if (b == 1 && g == 0) {
          sums.set(i, Sampling.NAN);
          failures[b] = Sampling.NAN;
        } else {
          sums.set(i, 1 + Math.abs(sums.get(i)));
        }
        if (b == 2 || (chunks > 1 && g == 1)) {
          values.set(i * most, Sampling.NOTHING);
          sums.set(i, 0);
          failures[b] = b == 2 ? Sampling.EMPTY : failures[b];
        } else {
          total += sums.get(i) * Math.exp(values.get(i * most));
        }
      }
      expected[b] = failures[b] < 0 ? 0 : (step == 0 ? 0 : scores.get(b)) - Math.log(total);
    }
    FloatArray offsets = test.output(all);
    IntArray found = test.intOutput(all);
    return test.expect(offsets, expected)
        .expect(found, failures)
        .cost(8L * beams * chunks, 0)
        .arguments(
            new BeamTotals.Arguments(
                pass, values, sums, scores, offsets, found, all, chunks, most));
  }

  /** The lists' merge against a sort of everything. */
  static KernelCase<BeamMerge.Arguments> merge(
      int beams, int most, int vocabSize, int chunk, boolean ties, int failure, long seed) {
    KernelCase<BeamMerge.Arguments> test =
        new KernelCase<>(
            "beam merge B=" + beams + " M=" + most + " V=" + vocabSize + "/" + chunk, seed);
    Sampling.Layout layout = new Sampling.Layout(vocabSize, chunk, 6);
    int g = layout.chunks();
    IntArray pass = test.pass(beams, beams, beams, 0);
    Chunks chunks = chunks(test, beams, most, layout, ties);
    FloatArray values = test.floats(chunks.values.length, 1);
    for (int i = 0; i < beams * g * most; i++) {
      values.set(i, (float) chunks.values[i]);
    }
    IntArray ids = test.ints(chunks.ids);
    FloatArray offsets = test.floats(beams + 1, 3);
    int[] failures = new int[beams + 1];
    failures[beams - 1] = failure;
    for (int b = 0; b < beams && ties; b++) {
      offsets.set(b, Math.round(offsets.get(b)));
    }
    int[] order =
        IntStream.range(0, beams * g * most)
            .filter(i -> chunks.ids[i] >= 0)
            .boxed()
            .sorted(
                (a, b) ->
                    Float.compare(
                        score(offsets, values, b, g * most), score(offsets, values, a, g * most)))
            .limit(most)
            .mapToInt(i -> i)
            .toArray();
    int[] candidates = new int[BeamMerge.HEADER + 2 * most];
    Arrays.fill(candidates, -777);
    double[] scores = KernelCase.all(most, Double.NaN);
    candidates[0] = failure < 0 ? failure : order.length;
    candidates[1] = failure < 0 ? beams - 1 : 0;
    for (int k = 0; k < order.length; k++) {
      candidates[BeamMerge.HEADER + 2 * k] = order[k] / (g * most);
      candidates[BeamMerge.HEADER + 2 * k + 1] = chunks.ids[order[k]];
      scores[k] = score(offsets, values, order[k], g * most);
    }
    IntArray found = test.intOutput(candidates.length);
    FloatArray foundScores = test.output(most);
    return test.expect(found, candidates)
        .expect(foundScores, scores)
        .cost(4L * most * beams * g, 0)
        .arguments(
            new BeamMerge.Arguments(
                pass,
                values,
                ids,
                offsets,
                test.ints(failures),
                test.intOutput((beams + 1) * g),
                found,
                foundScores,
                g,
                most));
  }

  private static float score(FloatArray offsets, FloatArray values, int i, int ofBeam) {
    return offsets.get(i / ofBeam) + values.get(i);
  }

  static KernelCase<BeamFeed.Arguments> feed(int beams, int count, long seed) {
    KernelCase<BeamFeed.Arguments> test =
        new KernelCase<>("beam feed " + count + " of " + beams, seed);
    int most = 2 * beams;
    IntArray pass = test.pass(1, 1, 1, 0);
    int[] request = new int[BeamFeed.Arguments.requestSize(beams)];
    int[] candidates = test.random().ints(BeamMerge.HEADER + 2 * most, 0, 1000).toArray();
    FloatArray candidateScores = test.floats(most, 5);
    double[] scores = KernelCase.all(beams, Double.NaN);
    int[][] rows = new int[4][beams];
    request[0] = 17;
    request[BeamFeed.Arguments.count(beams)] = count;
    for (int b = 0; b < beams; b++) {
      int picked = test.random().nextInt(most);
      int slot = test.random().nextInt(beams);
      request[BeamFeed.Arguments.count(beams) + 1 + b] = picked;
      request[BeamFeed.Arguments.count(beams) + 1 + beams + b] = slot;
      boolean used = b < count;
      rows[0][b] = used ? candidates[BeamMerge.HEADER + 2 * picked + 1] : -777;
      rows[1][b] = used ? 17 : -777;
      rows[2][b] = used ? slot : -777;
      rows[3][b] = used ? b : -777;
      scores[b] = used ? candidateScores.get(picked) : Double.NaN;
    }
    IntArray[] found = new IntArray[4];
    for (int i = 0; i < 4; i++) {
      found[i] = test.intOutput(beams);
      test.expect(found[i], rows[i]);
    }
    int[] after = pass.toHeapArray();
    after[Pass.ROWS] = count;
    after[Pass.LOGIT_ROWS] = count;
    after[Pass.SAMPLES] = count;
    after[Pass.STEP]++;
    FloatArray foundScores = test.output(beams);
    return test.expect(foundScores, scores)
        .expect(pass, after)
        .arguments(
            new BeamFeed.Arguments(
                test.ints(request),
                pass,
                test.ints(candidates),
                candidateScores,
                foundScores,
                new BeamFeed.Rows(found[0], found[1], found[2], found[3]),
                beams));
  }
}
