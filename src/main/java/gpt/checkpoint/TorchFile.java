package gpt.checkpoint;

import gpt.model.GptException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * The zip that {@code torch.save} writes: {@code NAME/data.pkl}, a pickle that describes the
 * tensors, and {@code NAME/data/KEY}, the raw bytes of each storage, stored without compression.
 */
final class TorchFile implements AutoCloseable {
  /** A real one has some hundred bytes per tensor. */
  private static final int LARGEST_PICKLE = 16 << 20;

  private static final int CHUNK = 1 << 16;
  private static final String PICKLE = "data.pkl";

  private final Path file;
  private final ZipFile zip;
  private final String prefix;

  /** Bytes of the file that no storage was read from yet. */
  private long unread;

  private TorchFile(Path file, ZipFile zip, String prefix) throws IOException {
    this.file = file;
    this.zip = zip;
    this.prefix = prefix;
    unread = Files.size(file);
  }

  /**
   * Opens the zip and checks that it is one of PyTorch's.
   *
   * @throws GptException where it is not, or is cut off, or big-endian
   */
  static TorchFile open(Path file) throws IOException {
    ZipFile zip;
    try {
      zip = new ZipFile(file.toFile());
    } catch (IOException e) {
      throw Fault.in(
          file,
          "not a zip (cut off, or saved by PyTorch before 1.6?): "
              + Fault.reason(e)
              + "; save it again with torch.save",
          e);
    }
    try {
      TorchFile torch = new TorchFile(file, zip, prefix(file, zip));
      torch.checkByteOrder();
      return torch;
    } catch (IOException | RuntimeException e) {
      zip.close();
      throw e;
    }
  }

  private static String prefix(Path file, ZipFile zip) {
    List<String> pickles =
        zip.stream()
            .map(ZipEntry::getName)
            .filter(n -> n.equals(PICKLE) || n.matches("[^/]+/data\\.pkl"))
            .distinct()
            .toList();
    if (pickles.size() != 1) {
      throw Fault.in(
          file,
          "not a PyTorch checkpoint: expected one "
              + PICKLE
              + " in the zip, found "
              + pickles.size());
    }
    return pickles.getFirst().substring(0, pickles.getFirst().length() - PICKLE.length());
  }

  private void checkByteOrder() throws IOException {
    if (zip.getEntry(prefix + "byteorder") == null) {
      return; // PyTorch before 2.1 says nothing and is little-endian
    }
    String order = new String(bytes("byteorder", 64), StandardCharsets.US_ASCII).strip();
    if (!order.equals("little")) {
      throw Fault.in(file, "byte order: expected little, found " + order);
    }
  }

  /** What was saved, tensors described but not read: see {@link CheckpointUnpickler}. */
  Object root() throws IOException {
    return CheckpointUnpickler.load(file, bytes(PICKLE, LARGEST_PICKLE));
  }

  private byte[] bytes(String record, int largest) throws IOException {
    ZipEntry entry = zip.getEntry(prefix + record);
    if (isCompressed(entry)) {
      throw Fault.in(file, record + " is compressed; save it again with torch.save");
    }
    try (InputStream in = zip.getInputStream(entry)) {
      byte[] all = in.readNBytes(largest + 1);
      if (all.length > largest) {
        throw Fault.in(file, record + " is larger than " + largest + " bytes");
      }
      return all;
    }
  }

  /** A few compressed bytes could take any amount of memory. */
  private static boolean isCompressed(ZipEntry entry) {
    return entry.getMethod() != ZipEntry.STORED || entry.getCompressedSize() != entry.getSize();
  }

  /**
   * Copies a storage out of the zip.
   *
   * @param tensor named in errors
   * @param arena frees the copy
   * @param progress hears of every chunk's bytes
   * @throws GptException where the record is missing or has not as many bytes as the pickle says,
   *     or all that were read have more than the file, as where one's bytes are another's too
   */
  MemorySegment read(TorchStorage storage, String tensor, Arena arena, LongConsumer progress)
      throws IOException {
    String record = prefix + "data/" + storage.key();
    ZipEntry entry = zip.getEntry(record);
    if (entry == null) {
      throw Fault.in(file, "tensor " + tensor + ": its record " + record + " is missing");
    }
    long size = storage.byteSize();
    if (entry.getSize() != size) {
      throw Fault.in(
          file,
          "tensor %s: its record %s: expected %d bytes (%d of %s), found %d"
              .formatted(tensor, record, size, storage.length(), storage.type(), entry.getSize()));
    }
    if (isCompressed(entry)) {
      throw Fault.in(file, "tensor " + tensor + ": its record " + record + " is compressed");
    }
    if (size > unread) {
      throw Fault.in(
          file,
          "tensor %s: its record %s is cut off or overlaps another: expected %d bytes, the file has"
                  .formatted(tensor, record, size)
              + " %d that are not read yet".formatted(unread));
    }
    unread -= size;
    MemorySegment out = arena.allocate(size, 64);
    try (InputStream in = zip.getInputStream(entry)) {
      byte[] chunk = new byte[(int) Math.min(CHUNK, size)];
      for (long at = 0; at < size; ) {
        int n = in.read(chunk, 0, (int) Math.min(chunk.length, size - at));
        if (n < 0) {
          throw Fault.in(
              file,
              "tensor %s: its record %s is cut off: expected %d bytes, found %d"
                  .formatted(tensor, record, size, at));
        }
        MemorySegment.copy(chunk, 0, out, ValueLayout.JAVA_BYTE, at, n);
        progress.accept(n);
        at += n;
      }
    }
    return out;
  }

  @Override
  public void close() throws IOException {
    zip.close();
  }
}
