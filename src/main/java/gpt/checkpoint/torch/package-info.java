/**
 * What PyTorch and nanoGPT write: {@link gpt.checkpoint.torch.NanoGptReader} reads {@code ckpt.pt}
 * and {@code meta.pkl}. {@code TorchFile} is the zip of {@code torch.save}, {@code
 * CheckpointUnpickler} reads pickles, which are programs, with an allow-list, and {@code
 * StoredEntries} finds the tensors' bytes in the mapped zip.
 *
 * <p>May import {@code checkpoint.format}, {@code checkpoint.vocabulary}, {@code checkpoint.files},
 * {@code model} and the pickle library.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.checkpoint.torch;
