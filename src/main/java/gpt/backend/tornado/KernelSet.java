package gpt.backend.tornado;

import gpt.kernels.Attention;
import gpt.kernels.AttentionMerge;
import gpt.kernels.CrossEntropy;
import gpt.kernels.Embedding;
import gpt.kernels.LayerNorm;
import gpt.kernels.PrefillAttention;
import gpt.kernels.Projection;
import gpt.kernels.SplitAttention;
import gpt.kernels.runtime.Feed;
import gpt.kernels.runtime.SlotCopy;
import gpt.kernels.runtime.Version;
import gpt.kernels.sampling.SamplingChain;
import gpt.kernels.sampling.TopTokens;

/**
 * The version of each kernel that a device runs. A GPU's versions are 4 to 10 times slower on a CPU
 * device, and the other way round.
 */
record KernelSet(
    Version.Target target,
    boolean shuffles,
    Version<Feed.Arguments> feed,
    Version<Embedding.Arguments> embedding,
    Version<LayerNorm.Arguments> layerNorm,
    Version<Attention.Arguments> attention,
    Version<SplitAttention.Arguments> splitAttention,
    Version<SplitAttention.Arguments> attentionMerge,
    Version<Attention.Arguments> prefillAttention,
    Version<SlotCopy.Arguments> slotCopy,
    Version<SamplingChain.Arguments> samplingChain,
    Version<TopTokens.Arguments> topTokens,
    Version<CrossEntropy.Arguments> crossEntropy) {

  /**
   * The versions for a device.
   *
   * @param shuffles whether {@link Shuffles#work shuffles work} on it
   */
  static KernelSet of(TornadoDevices.Device device, boolean shuffles) {
    Version.Target target = device.target();
    boolean gpu = target == Version.Target.GPU;
    return new KernelSet(
        target,
        shuffles,
        Feed.ROW_PER_THREAD,
        Embedding.CHANNEL_PER_THREAD,
        gpu ? LayerNorm.ROW_PER_GROUP : LayerNorm.ROW_PER_THREAD,
        gpu ? Attention.HEAD_PER_GROUP : Attention.HEAD_PER_THREAD,
        SplitAttention.CHUNK_PER_GROUP,
        AttentionMerge.CHANNEL_PER_THREAD,
        gpu ? PrefillAttention.TILED : PrefillAttention.QUERIES_PER_THREAD,
        SlotCopy.ELEMENT_PER_THREAD,
        gpu ? SamplingChain.ROW_PER_GROUP : SamplingChain.ROW_PER_THREAD,
        gpu ? TopTokens.ROW_PER_GROUP : TopTokens.ROW_PER_THREAD,
        gpu ? CrossEntropy.ROW_PER_GROUP : CrossEntropy.ROW_PER_THREAD);
  }

  /** Whether these are the GPU's versions. */
  boolean forGpu() {
    return target == Version.Target.GPU;
  }

  /**
   * The projection for many rows (a prompt), or for few, which reads each weight once for all.
   *
   * @param k inputs
   */
  <A> Version<A> projection(Projection.Versions<A> versions, boolean many, int k) {
    if (!forGpu()) {
      return many ? versions.blockPerThread() : versions.rowPerThread();
    }
    boolean tiled = many || !Projection.fitsLocalMemory(k);
    return tiled ? versions.tiled() : versions.computing(shuffles).getFirst();
  }

  /** Whether the projections for many or few rows compute the norm before them. */
  boolean computesNorms(boolean many) {
    return forGpu() && !many;
  }
}
