package gpt.batch;

import java.nio.ByteBuffer;

/** A set of ids, which keeps 16 bytes of a digest of each: 32 to 64 MB for a million ids. */
final class IdSet {
  private long[] table = new long[1 << 11]; // pairs; an empty one is 0, 0
  private int size;

  /** Adds an id; returns whether it is new. */
  boolean add(String id) {
    if (4L * size >= table.length) { // half full
      grow();
    }
    ByteBuffer digest = Seeds.digest(id);
    boolean added = add(digest.getLong(), digest.getLong());
    size += added ? 1 : 0;
    return added;
  }

  private boolean add(long high, long low) {
    int mask = table.length / 2 - 1;
    for (int at = (int) high & mask; ; at = at + 1 & mask) {
      if (table[2 * at] == 0 && table[2 * at + 1] == 0) {
        table[2 * at] = high;
        table[2 * at + 1] = low;
        return true;
      }
      if (table[2 * at] == high && table[2 * at + 1] == low) {
        return false;
      }
    }
  }

  private void grow() {
    long[] old = table;
    table = new long[2 * old.length];
    for (int i = 0; i < old.length; i += 2) {
      if (old[i] != 0 || old[i + 1] != 0) {
        add(old[i], old[i + 1]);
      }
    }
  }
}
