package gpt.checkpoint.torch;

/**
 * A PyTorch tensor that a pickle describes: a view of a storage that is not read yet.
 *
 * @param storage contains its elements
 * @param offset the index of its first element in the storage
 * @param shape its dimensions, none for a scalar
 * @param stride the distance in elements between neighbours along each dimension
 */
record TorchTensor(TorchStorage storage, long offset, long[] shape, long[] stride) {}
