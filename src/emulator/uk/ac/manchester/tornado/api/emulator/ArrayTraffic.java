package uk.ac.manchester.tornado.api.emulator;

import java.util.BitSet;

/**
 * What a kernel's warps read and write of one array.
 *
 * @param name the kernel's parameter
 * @param loads what is read
 * @param stores what is written
 * @param touched bytes of all sectors of the array that are read or written
 */
public record ArrayTraffic(String name, Accesses loads, Accesses stores, long touched) {
  /**
   * Loads or stores.
   *
   * @param requests instructions of a warp
   * @param asked bytes that the lanes ask for
   * @param sectors sectors that the requests touch, of {@link Counting#SECTOR} bytes
   */
  public record Accesses(long requests, long asked, long sectors) {
    /** Bytes that the sectors have. */
    public long moved() {
      return sectors * Counting.SECTOR;
    }

    /** The sum of two. */
    public Accesses plus(Accesses other) {
      return new Accesses(requests + other.requests, asked + other.asked, sectors + other.sectors);
    }
  }

  static final class Builder {
    private final String name;
    private final BitSet touched = new BitSet();
    private Accesses loads = new Accesses(0, 0, 0);
    private Accesses stores = loads;

    Builder(String name) {
      this.name = name;
    }

    void add(boolean store, long bytes, long[] sectors, int count) {
      Accesses one = new Accesses(1, bytes, count);
      loads = store ? loads : loads.plus(one);
      stores = store ? stores.plus(one) : stores;
      for (int i = 0; i < count; i++) {
        touched.set(Math.toIntExact(sectors[i]));
      }
    }

    ArrayTraffic build() {
      return new ArrayTraffic(name, loads, stores, (long) touched.cardinality() * Counting.SECTOR);
    }
  }
}
