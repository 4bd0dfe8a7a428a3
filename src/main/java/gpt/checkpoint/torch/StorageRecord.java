package gpt.checkpoint.torch;

import gpt.checkpoint.files.Fault;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.zip.CRC32;

/** The data of one zip entry in the mapped file, with its CRC-32 from the zip's directory. */
final class StorageRecord {
  /** CRC32 takes a ByteBuffer, which holds less than 2 GiB. */
  private static final long SLICE_BYTES = 1 << 30;

  private final Path file;
  private final String name;
  private final MemorySegment bytes;
  private final long crc;
  private boolean verified;

  /**
   * Creates a record that is not verified yet.
   *
   * @param file named in error messages
   * @param name the entry's name
   * @param crc the CRC-32 from the zip's directory
   */
  StorageRecord(Path file, String name, MemorySegment bytes, long crc) {
    this.file = file;
    this.name = name;
    this.bytes = bytes;
    this.crc = crc;
  }

  MemorySegment bytes() {
    return bytes;
  }

  /**
   * Checks the CRC-32 of the data. Only the first call does so: tensors may share a record.
   *
   * @throws gpt.GptException if it differs
   */
  synchronized void verify() {
    if (verified) {
      return;
    }
    CRC32 found = new CRC32();
    for (long at = 0; at < bytes.byteSize(); at += SLICE_BYTES) {
      found.update(bytes.asSlice(at, Math.min(SLICE_BYTES, bytes.byteSize() - at)).asByteBuffer());
    }
    if (found.getValue() != crc) {
      throw Fault.in(
          file,
          "record %s is damaged: expected CRC-32 %08x, found %08x; copy or download the file again"
              .formatted(name, crc, found.getValue()));
    }
    verified = true;
  }
}
