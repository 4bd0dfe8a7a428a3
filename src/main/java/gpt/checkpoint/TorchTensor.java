package gpt.checkpoint;

/**
 * A tensor as a pickle of PyTorch describes it: a view of a storage that has not been read.
 *
 * @param storage where its elements lie
 * @param offset index of its first element there
 * @param shape its dimensions, none for a scalar
 * @param stride elements between neighbours of each dimension
 */
record TorchTensor(TorchStorage storage, long offset, long[] shape, long[] stride) {}
