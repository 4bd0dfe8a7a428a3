package gpt.checkpoint;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.zip.CRC32;

/** A record of a zip in the mapped file, and the CRC-32 that the zip's directory has of it. */
final class StorageRecord {
  /** The library's buffers hold less than 2 GB. */
  private static final long SLICE = 1 << 30;

  private final Path file;
  private final String name;
  private final MemorySegment bytes;
  private final long crc;
  private boolean verified;

  /**
   * A record that is not verified yet.
   *
   * @param file names it in errors
   * @param name of the record
   * @param crc as the directory has it
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
   * Compares the bytes with their CRC-32, once, however many tensors share them.
   *
   * @throws gpt.GptException where they differ
   */
  synchronized void verify() {
    if (verified) {
      return;
    }
    CRC32 found = new CRC32();
    for (long at = 0; at < bytes.byteSize(); at += SLICE) {
      found.update(bytes.asSlice(at, Math.min(SLICE, bytes.byteSize() - at)).asByteBuffer());
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
