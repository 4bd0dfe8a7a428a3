package gpt.checkpoint.torch;

import gpt.GptException;
import gpt.checkpoint.files.Fault;
import gpt.checkpoint.files.FileBytes;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * A file of {@code torch.save}: a zip with {@code NAME/data.pkl}, a pickle that describes the
 * tensors, and {@code NAME/data/KEY}, the raw bytes of each storage, stored without compression.
 */
final class TorchFile implements AutoCloseable {
  /** Far more than needed: a pickle has a few hundred bytes per tensor. */
  private static final int MAX_PICKLE_BYTES = 16 << 20;

  /** The first bytes of a file of PyTorch before 1.6: a pickle of its magic number. */
  private static final byte[] LEGACY = HexFormat.of().parseHex("80028a0a6cfc9c46f9206aa850192e");

  private static final String PICKLE = "data.pkl";

  private final Path file;
  private final ZipFile zip;
  private final String prefix;
  private final StoredEntries entries;

  private final boolean hasChecksums;

  /** The records that tensors use, by name. */
  private final Map<String, StorageRecord> used = new HashMap<>();

  /** The file's size minus the bytes of the used records. */
  private long unusedBytes;

  private TorchFile(Path file, ZipFile zip, String prefix, StoredEntries entries, long size) {
    this.file = file;
    this.zip = zip;
    this.prefix = prefix;
    this.entries = entries;
    hasChecksums = zip.stream().anyMatch(entry -> entry.getCrc() != 0);
    unusedBytes = size;
  }

  /**
   * Opens the zip and checks that PyTorch wrote it.
   *
   * @param arena closing it unmaps the file
   * @throws GptException if it did not, or the file is cut off or big-endian
   */
  static TorchFile open(Path file, Arena arena) throws IOException {
    FileBytes.checkRegular(file);
    ZipFile zip;
    try {
      zip = new ZipFile(file.toFile());
    } catch (IOException e) {
      throw notZip(file, e);
    }
    try {
      String prefix = prefix(file, zip);
      MemorySegment all = FileBytes.map(file, arena);
      StoredEntries entries = new StoredEntries(file, all);
      TorchFile torch = new TorchFile(file, zip, prefix, entries, all.byteSize());
      torch.checkByteOrder();
      return torch;
    } catch (IOException | RuntimeException e) {
      zip.close();
      throw e;
    }
  }

  private static GptException notZip(Path file, IOException e) throws IOException {
    byte[] first;
    try (InputStream in = Files.newInputStream(file)) {
      first = in.readNBytes(LEGACY.length);
    }
    if (Arrays.equals(first, LEGACY)) {
      return Fault.in(
          file,
          "is in PyTorch's format from before 1.6, which is not a zip; load it with torch.load and"
              + " save it again with torch.save",
          e);
    }
    return Fault.in(
        file, "not a zip (cut off?): " + Fault.reason(e) + "; copy or download it again", e);
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
      return; // PyTorch before 2.1 writes no byteorder and is little-endian
    }
    String order = new String(bytes("byteorder", 64), StandardCharsets.US_ASCII).strip();
    if (!order.equals("little")) {
      throw Fault.in(file, "byte order: expected little, found " + order);
    }
  }

  /**
   * Whether the zip has CRC-32 checksums. With {@code torch.serialization.set_crc32_options(False)}
   * PyTorch writes 0 for each entry.
   */
  boolean hasChecksums() {
    return hasChecksums;
  }

  /** The saved object; its tensors are described but not read, see {@link CheckpointUnpickler}. */
  Object root() throws IOException {
    return CheckpointUnpickler.load(file, bytes(PICKLE, MAX_PICKLE_BYTES));
  }

  private byte[] bytes(String record, int maxBytes) throws IOException {
    ZipEntry entry = zip.getEntry(prefix + record);
    if (isCompressed(entry)) {
      throw Fault.in(file, record + " is compressed; save it again with torch.save");
    }
    byte[] all;
    try (InputStream in = zip.getInputStream(entry)) {
      all = in.readNBytes(maxBytes + 1);
    }
    if (all.length > maxBytes) {
      throw Fault.in(file, record + ": expected at most " + maxBytes + " bytes, found more");
    }
    if (hasChecksums) {
      new StorageRecord(file, entry.getName(), MemorySegment.ofArray(all), entry.getCrc()).verify();
    }
    return all;
  }

  /**
   * Whether an entry is compressed, which is refused: it could decompress to any size (a zip bomb).
   */
  private static boolean isCompressed(ZipEntry entry) {
    return entry.getMethod() != ZipEntry.STORED || entry.getCompressedSize() != entry.getSize();
  }

  /**
   * The record of a storage: a view of the mapped file, not verified yet.
   *
   * @param tensor named in error messages
   * @throws GptException if the record is missing, compressed or not of the size that the pickle
   *     says, or if all used records together exceed the file because they overlap
   */
  StorageRecord record(TorchStorage storage, String tensor) {
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
    StorageRecord existing = used.get(record);
    if (existing != null) {
      return existing;
    }
    if (size > unusedBytes) {
      throw Fault.in(
          file,
          ("tensor %s: its record %s is cut off or overlaps another: expected %d bytes,"
                  + " found %d")
              .formatted(tensor, record, size, unusedBytes));
    }
    unusedBytes -= size;
    MemorySegment bytes = entries.data(record, size, "tensor " + tensor + ": its record ");
    StorageRecord found = new StorageRecord(file, record, bytes, entry.getCrc());
    used.put(record, found);
    return found;
  }

  @Override
  public void close() throws IOException {
    zip.close();
  }
}
