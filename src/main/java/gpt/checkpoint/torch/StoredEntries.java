package gpt.checkpoint.torch;

import gpt.GptException;
import gpt.checkpoint.files.Fault;
import gpt.checkpoint.files.LittleEndian;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.ZipFile;

/**
 * Finds the offsets of a zip's entries in a mapped file. java.util.zip does not give them; with
 * them, entries that are stored without compression are used in place, without a copy. {@link
 * ZipFile} opens the file first and provides names, sizes and compression methods; this class only
 * finds offsets and checks each against the file.
 *
 * @see <a href="https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT">The zip format</a>
 */
final class StoredEntries {

  /** Signatures and sizes of the format's records; "end" is the end of central directory record. */
  private static final int END = 0x06054b50;

  private static final int END_BYTES = 22;
  private static final int MAX_COMMENT_BYTES = 0xFFFF;
  private static final int LOCATOR_64 = 0x07064b50;
  private static final int LOCATOR_64_BYTES = 20;
  private static final int END_64 = 0x06064b50;
  private static final int END_64_BYTES = 56;
  private static final int ENTRY = 0x02014b50;
  private static final int ENTRY_BYTES = 46;
  private static final int LOCAL = 0x04034b50;
  private static final int LOCAL_BYTES = 30;

  /** The value of a 32-bit field whose number is in the zip64 extra field instead. */
  private static final long IN_EXTRA = 0xFFFFFFFFL;

  private static final int ZIP64_EXTRA_ID = 1;

  private final Path file;
  private final MemorySegment zip;

  /** Bytes before the zip's own first byte, from which its offsets count. */
  private long base;

  /** Where the central directory begins, which is where the entries' data ends. */
  private long directory;

  private long directoryEnd;

  /** The offset of each entry's local header, by name. */
  private final Map<String, Long> headers = new HashMap<>();

  /**
   * Reads the central directory.
   *
   * @param zip the whole file
   * @throws GptException if an offset lies outside the file, or two entries have the same name
   */
  StoredEntries(Path file, MemorySegment zip) {
    this.file = file;
    this.zip = zip;
    findDirectory();
    for (long at = directory; at < directoryEnd; ) {
      at = entry(at);
    }
  }

  private int u16(long at) {
    return Short.toUnsignedInt(zip.get(LittleEndian.I16, inBounds(at, Short.BYTES)));
  }

  private long u32(long at) {
    return Integer.toUnsignedLong(zip.get(LittleEndian.I32, inBounds(at, Integer.BYTES)));
  }

  private long i64(long at) {
    return zip.get(LittleEndian.I64, inBounds(at, Long.BYTES));
  }

  private long inBounds(long at, long bytes) {
    if (at < 0 || bytes < 0 || at > zip.byteSize() - bytes) {
      throw outOfBounds();
    }
    return at;
  }

  private GptException outOfBounds() {
    return Fault.in(file, "its zip directory points outside the file; copy or download it again");
  }

  private void findDirectory() {
    long end = zip.byteSize() - END_BYTES;
    long first = Math.max(0, end - MAX_COMMENT_BYTES);
    while (end >= first
        && !(u32(end) == END && end + END_BYTES + u16(end + 20) == zip.byteSize())) {
      end--;
    }
    if (end < first) {
      throw Fault.in(
          file, "its zip has no end of central directory record; copy or download it again");
    }
    long size = u32(end + 12);
    long offset = u32(end + 16);
    directoryEnd = end;
    long locator = end - LOCATOR_64_BYTES;
    if (locator >= 0 && u32(locator) == LOCATOR_64) {
      long end64 = i64(locator + 8);
      if (u32(end64) == END_64) {
        size = i64(end64 + 40);
        offset = i64(end64 + 48);
        directoryEnd = inBounds(end64, END_64_BYTES);
      }
    }
    directory = inBounds(directoryEnd - size, size);
    base = inBounds(directory - offset, offset);
  }

  /** Reads one entry of the directory and returns the offset of the next. */
  private long entry(long at) {
    if (u32(at) != ENTRY) {
      throw outOfBounds();
    }
    int nameBytes = u16(at + 28);
    int extraBytes = u16(at + 30);
    long name = at + ENTRY_BYTES;
    inBounds(name, nameBytes);
    String entryName =
        new String(
            zip.asSlice(name, nameBytes).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
    long offset = u32(at + 42);
    if (offset == IN_EXTRA) {
      offset = offset64(at, name + nameBytes, extraBytes);
    }
    if (headers.put(entryName, offset) != null) {
      throw Fault.in(file, "duplicate zip entry " + entryName);
    }
    return name + nameBytes + extraBytes + u16(at + 32);
  }

  /**
   * The local header's offset from the zip64 extra field. The field holds only the numbers that do
   * not fit into 32 bits, in the order size, compressed size, offset.
   */
  private long offset64(long entry, long extra, int bytes) {
    int before = 0;
    before += u32(entry + 24) == IN_EXTRA ? Long.BYTES : 0;
    before += u32(entry + 20) == IN_EXTRA ? Long.BYTES : 0;
    for (long at = extra; at + 4 <= extra + bytes; at += 4 + u16(at + 2)) {
      if (u16(at) == ZIP64_EXTRA_ID && u16(at + 2) >= before + Long.BYTES) {
        return i64(at + 4 + before);
      }
    }
    throw outOfBounds();
  }

  /**
   * The data of an entry that is stored without compression.
   *
   * @param name the name of an entry of the {@link ZipFile}
   * @param size its size from the {@link ZipFile}
   * @param what precedes the name in error messages
   * @throws GptException if the entry is not where the directory says, or the file is too short
   */
  MemorySegment data(String name, long size, String what) {
    Long offset = headers.get(name);
    if (offset == null
        || offset < 0
        || offset > directory - base - LOCAL_BYTES
        || u32(base + offset) != LOCAL) {
      throw Fault.in(file, what + name + " is not at the offset in the zip's directory");
    }
    long header = base + offset;
    long at = header + LOCAL_BYTES + u16(header + 26) + u16(header + 28);
    if (size > directory - at) {
      throw Fault.in(
          file,
          "%s%s is cut off: expected %d bytes, found %d"
              .formatted(what, name, size, Math.max(0, directory - at)));
    }
    return zip.asSlice(at, size);
  }
}
