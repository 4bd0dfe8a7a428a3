package gpt.kernels;

import gpt.benchmarks.Operations;
import gpt.benchmarks.Product;
import gpt.benchmarks.Shape;
import gpt.kernels.ResidualProjection.Branch;
import gpt.kernels.runtime.Copy;
import gpt.kernels.runtime.Feed;
import gpt.kernels.runtime.Matrix;
import gpt.kernels.runtime.SlotCopy;
import gpt.kernels.runtime.SlotCopyCases;
import gpt.kernels.runtime.Version;
import gpt.kernels.sampling.SamplingCases;
import gpt.kernels.sampling.SamplingChain;
import gpt.kernels.sampling.SamplingStart;
import gpt.kernels.sampling.TopTokens;
import gpt.model.GptConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** Every TornadoVM kernel by name, with its versions and its case at a model's shape. */
public final class KernelOperations {
  private static final long SEED = 1;

  /** The projections' version on tensor cores, which not every device has. */
  public static final String TENSOR_CORES = "tensorCores";

  /** Number of beams. */
  private static final int BEAMS = 4;

  /** Number of likeliest tokens whose log-probabilities are returned. */
  private static final int LOGPROBS = 10;

  /**
   * One operation.
   *
   * @param <A> its arguments
   * @param rows numbers of rows to measure
   * @param ofVocabulary whether its cost depends on V only, which all sizes of GPT-2 share
   * @param versions the versions for a number of rows
   * @param maker makes the case
   * @param tensorCores the version for many rows on tensor cores, which needs an array; null if the
   *     operation is no projection
   */
  public record Operation<A>(
      String name,
      List<Integer> rows,
      boolean ofVocabulary,
      IntFunction<List<Version<A>>> versions,
      Maker<A> maker,
      Function<FloatArray, Version<A>> tensorCores) {

    /** The names of the versions for a number of rows. */
    public List<String> versionNames(int count) {
      List<String> names = new ArrayList<>();
      versions.apply(count).forEach(version -> names.add(version.name()));
      if (tensorCores != null && count > 1) {
        names.add(TENSOR_CORES);
      }
      return names;
    }

    /** A version by name; what {@link #TENSOR_CORES} needs is added to its case. */
    Version<A> version(String version, KernelCase<A> test, Shape shape, int count) {
      if (version.equals(TENSOR_CORES)) {
        int n = Product.of(name, shape).orElseThrow().n();
        test.tolerance(KernelCase.Tolerance.HALF_PRODUCT);
        return tensorCores.apply(test.output(Math.toIntExact(Projection.productSize(n, count))));
      }
      return versions.apply(count).stream()
          .filter(v -> v.name().equals(version))
          .findFirst()
          .orElseThrow(() -> new IllegalArgumentException(name + " has no version " + version));
    }

    /** Whether it is measured with weights in every precision. */
    public boolean hasDtypes() {
      return name.equals(Operations.LM_HEAD);
    }
  }

  /** Makes a case. */
  interface Maker<A> {
    KernelCase<A> of(GptConfig config, int rows, int dtype);
  }

  private static final Map<String, Operation<?>> ALL = new LinkedHashMap<>();

  static {
    List<Integer> one = List.of(1);
    List<Integer> prompt = List.of(Operations.PROMPT);
    add(
        "embedding",
        one,
        Embedding.VERSIONS,
        (c, r, d) -> KernelCases.embedding(d, r, c.vocabSize(), c.nEmbd(), SEED));
    add(
        Operations.LAYER_NORM,
        Operations.rows(Operations.LAYER_NORM),
        LayerNorm.VERSIONS,
        (c, r, d) -> KernelCases.layerNorm(LayerNorm.Place.MLP, r, c.nEmbd(), SEED));
    add(
        Operations.QKV,
        QkvProjection.VERSIONS,
        (c, r, d) -> KernelCases.qkv(d, r, c.nHead(), c.headSize(), r > 1, SEED));
    add(
        Operations.ATTENTION,
        one,
        Attention.VERSIONS,
        (c, r, d) ->
            AttentionCases.attention(r, c.nHead(), c.headSize(), c.blockSize(), false, SEED));
    add(
        "split-attention",
        one,
        SplitAttention.VERSIONS,
        (c, r, d) ->
            AttentionCases.splitAttention(r, c.nHead(), c.headSize(), c.blockSize(), SEED));
    add(
        "attention-merge",
        one,
        AttentionMerge.VERSIONS,
        (c, r, d) ->
            AttentionCases.attentionMerge(r, c.nHead(), c.headSize(), c.blockSize(), SEED));
    add(
        Operations.PREFILL_ATTENTION,
        prompt,
        PrefillAttention.VERSIONS,
        (c, r, d) -> AttentionCases.attention(r, c.nHead(), c.headSize(), r, true, SEED));
    add(
        Operations.ATTENTION_PROJECTION,
        ResidualProjection.VERSIONS,
        (c, r, d) -> KernelCases.residual(Branch.ATTENTION, d, r, c.nEmbd(), c.nEmbd(), SEED));
    add(
        Operations.GELU,
        GeluProjection.VERSIONS,
        (c, r, d) -> KernelCases.gelu(d, r, c.nInner(), c.nEmbd(), Gelu.TANH, SEED));
    add(
        Operations.RESIDUAL,
        ResidualProjection.VERSIONS,
        (c, r, d) -> KernelCases.residual(Branch.MLP, d, r, c.nEmbd(), c.nInner(), SEED));
    add(
        Operations.LM_HEAD,
        LmHead.VERSIONS,
        (c, r, d) -> KernelCases.lmHead(d, r, c.vocabSize(), c.nEmbd(), SEED));
    addOfVocabulary(
        Operations.CROSS_ENTROPY,
        Operations.LOSSES,
        CrossEntropy.VERSIONS,
        (c, r, d) -> LossCases.crossEntropy(r, c.vocabSize(), SEED));
    addSampling();
    addSlotCopies();
    addOfVocabulary(
        "copy", 1, Copy.VERSIONS, (c, r, d) -> KernelCases.copy(c.vocabSize() * c.nEmbd(), SEED));
    add("feed", prompt, Feed.VERSIONS, (c, r, d) -> KernelCases.feed(r, 1, c.blockSize(), SEED));
  }

  private KernelOperations() {}

  private static void addSampling() {
    addOfVocabulary(
        "sampling-start",
        1,
        SamplingStart.VERSIONS,
        (c, r, d) -> SamplingCases.start(r, c.vocabSize(), SEED));
    addOfVocabulary(
        "sampling-chain",
        1,
        SamplingChain.VERSIONS,
        (c, r, d) -> SamplingCases.chain(List.of(SamplingCases.DEFAULT), c.vocabSize(), SEED));
    addOfVocabulary(
        "sampling-chain-all",
        1,
        SamplingChain.VERSIONS,
        (c, r, d) -> SamplingCases.chain(List.of(SamplingCases.EVERYTHING), c.vocabSize(), SEED));
    addOfVocabulary(
        "top-tokens",
        1,
        TopTokens.VERSIONS,
        (c, r, d) -> SamplingCases.topTokens(r, c.vocabSize(), LOGPROBS, SEED));
  }

  private static void addSlotCopies() {
    List<Integer> prompt = List.of(Operations.PROMPT);
    add("slot-copy-prompt", prompt, SlotCopy.VERSIONS, (c, r, d) -> slotCopy(c, r, new int[BEAMS]));
    add(
        "slot-copy-beam",
        prompt,
        SlotCopy.VERSIONS,
        (c, r, d) -> slotCopy(c, r, IntStream.range(0, BEAMS).map(b -> b == 1 ? 0 : b).toArray()));
  }

  private static KernelCase<SlotCopy.Arguments> slotCopy(GptConfig c, int rows, int[] sources) {
    return SlotCopyCases.slotCopy(sources, c.nHead(), c.headSize(), rows, c.blockSize(), SEED);
  }

  private static <A> void add(
      String name, List<Integer> rows, List<Version<A>> versions, Maker<A> maker) {
    ALL.put(name, new Operation<>(name, rows, false, r -> versions, maker, null));
  }

  private static <A> void addOfVocabulary(
      String name, int rows, List<Version<A>> versions, Maker<A> maker) {
    ALL.put(name, new Operation<>(name, List.of(rows), true, r -> versions, maker, null));
  }

  /** Matrix products: for many rows, the versions for many rows and the naive one. */
  private static <A> void add(String name, Projection.Versions<A> versions, Maker<A> maker) {
    ALL.put(
        name,
        new Operation<>(
            name,
            Operations.rows(name),
            false,
            rows -> rows == 1 ? versions.all(true) : versions.forManyRows(),
            maker,
            versions.tensorCores()));
  }

  /** All operations, in the order of the forward pass. */
  public static Map<String, Operation<?>> all() {
    return ALL;
  }

  static Operation<?> named(String name) {
    Operation<?> operation = ALL.get(name);
    if (operation == null) {
      throw new IllegalArgumentException("no kernel " + name);
    }
    return operation;
  }

  static KernelCase<?> caseOf(Operation<?> operation, Shape shape, int rows, String dtype) {
    int precision =
        switch (dtype) {
          case "f32" -> Matrix.F32;
          case "f16" -> Matrix.F16;
          case "i8" -> Matrix.I8;
          default -> throw new IllegalArgumentException("no kernels for " + dtype);
        };
    return operation.maker().of(shape.config(), rows, precision);
  }
}
