package gpt.checkpoint;

import gpt.GptException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.ZipFile;

/**
 * Where in a zip the bytes of its entries lie, which java.util.zip does not tell: with it, what is
 * stored without compression need not be copied out of a mapped file. Names, sizes and methods are
 * {@link ZipFile}'s to say, which has opened the file before; here only places are found, and every
 * one is checked against the file.
 *
 * @see <a href="https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT">The zip format</a>
 */
final class StoredEntries {
  private static final ValueLayout.OfShort U16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt U32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong I64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final int END = 0x06054b50;
  private static final int END_BYTES = 22;
  private static final int LONGEST_COMMENT = 0xFFFF;
  private static final int LOCATOR_64 = 0x07064b50;
  private static final int LOCATOR_64_BYTES = 20;
  private static final int END_64 = 0x06064b50;
  private static final int END_64_BYTES = 56;
  private static final int ENTRY = 0x02014b50;
  private static final int ENTRY_BYTES = 46;
  private static final int LOCAL = 0x04034b50;
  private static final int LOCAL_BYTES = 30;

  /** Stands where a number has its place in the 64-bit extra field. */
  private static final long IN_EXTRA = 0xFFFFFFFFL;

  private static final int EXTRA_64 = 1;

  private final Path file;
  private final MemorySegment zip;

  /** Bytes before the first that the zip counts. */
  private long base;

  /** Where the directory begins and ends, and with it the entries' data. */
  private long directory;

  private long directoryEnd;

  /** By name: where the entry's local header lies. */
  private final Map<String, Long> headers = new HashMap<>();

  /**
   * Finds all entries.
   *
   * @param zip the whole file
   * @throws GptException where places and file do not fit each other, or a name stands in it twice
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
    return Short.toUnsignedInt(zip.get(U16, within(at, Short.BYTES)));
  }

  private long u32(long at) {
    return Integer.toUnsignedLong(zip.get(U32, within(at, Integer.BYTES)));
  }

  private long i64(long at) {
    return zip.get(I64, within(at, Long.BYTES));
  }

  private long within(long at, long bytes) {
    if (at < 0 || bytes < 0 || at > zip.byteSize() - bytes) {
      throw broken();
    }
    return at;
  }

  private GptException broken() {
    return Fault.in(file, "its zip directory points outside of the file");
  }

  private void findDirectory() {
    long end = zip.byteSize() - END_BYTES;
    long first = Math.max(0, end - LONGEST_COMMENT);
    while (end >= first
        && !(u32(end) == END && end + END_BYTES + u16(end + 20) == zip.byteSize())) {
      end--;
    }
    if (end < first) {
      throw Fault.in(file, "its zip directory has no end");
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
        directoryEnd = within(end64, END_64_BYTES);
      }
    }
    directory = within(directoryEnd - size, size);
    base = within(directory - offset, offset);
  }

  /** One entry of the directory; where the next begins. */
  private long entry(long at) {
    if (u32(at) != ENTRY) {
      throw broken();
    }
    int nameBytes = u16(at + 28);
    int extraBytes = u16(at + 30);
    long name = at + ENTRY_BYTES;
    within(name, nameBytes);
    String text =
        new String(
            zip.asSlice(name, nameBytes).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
    long offset = u32(at + 42);
    if (offset == IN_EXTRA) {
      offset = offset64(at, name + nameBytes, extraBytes);
    }
    if (headers.put(text, offset) != null) {
      throw Fault.in(file, text + " stands in it twice");
    }
    return name + nameBytes + extraBytes + u16(at + 32);
  }

  /** The 64-bit extra field has, in this order, those of the numbers that do not fit. */
  private long offset64(long entry, long extra, int bytes) {
    int before = 0;
    before += u32(entry + 24) == IN_EXTRA ? Long.BYTES : 0;
    before += u32(entry + 20) == IN_EXTRA ? Long.BYTES : 0;
    for (long at = extra; at + 4 <= extra + bytes; at += 4 + u16(at + 2)) {
      if (u16(at) == EXTRA_64 && u16(at + 2) >= before + Long.BYTES) {
        return i64(at + 4 + before);
      }
    }
    throw broken();
  }

  /**
   * The bytes of a stored entry.
   *
   * @param name of an entry that {@link ZipFile} has
   * @param size as it says
   * @param what stands before the name in an error
   */
  MemorySegment data(String name, long size, String what) {
    Long offset = headers.get(name);
    if (offset == null
        || offset < 0
        || offset > directory - base - LOCAL_BYTES
        || u32(base + offset) != LOCAL) {
      throw Fault.in(file, what + name + " is not where the zip's directory has it");
    }
    long header = base + offset;
    long at = header + LOCAL_BYTES + u16(header + 26) + u16(header + 28);
    if (size > directory - at) {
      throw Fault.in(
          file,
          "%s%s is cut off: expected %d bytes, the file has %d"
              .formatted(what, name, size, Math.max(0, directory - at)));
    }
    return zip.asSlice(at, size);
  }
}
