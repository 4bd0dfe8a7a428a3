package uk.ac.manchester.tornado.api.emulator;

import java.util.Random;
import java.util.stream.IntStream;

/** An order of a launch's workgroups, and of the work items in each. */
final class Order {
  final String name;
  final int[] groups;
  final int[] items;

  private Order(String name, int[] groups, int[] items) {
    this.name = name;
    this.groups = groups;
    this.items = items;
  }

  /** The k-th order: forward, backward, and then shuffled. */
  static Order number(int k, Grid grid, long seed) {
    int[] groups = IntStream.range(0, grid.groups).toArray();
    int[] items = IntStream.range(0, grid.groupSize).toArray();
    if (k == 0) {
      return new Order("forward", groups, items);
    }
    if (k == 1) {
      reverse(groups);
      reverse(items);
      return new Order("backward", groups, items);
    }
    Random random = new Random(seed + k);
    shuffle(groups, random);
    shuffle(items, random);
    return new Order("shuffled (order " + k + " of seed " + seed + ")", groups, items);
  }

  private static void reverse(int[] a) {
    for (int i = 0, j = a.length - 1; i < j; i++, j--) {
      swap(a, i, j);
    }
  }

  private static void shuffle(int[] a, Random random) {
    for (int i = a.length - 1; i > 0; i--) {
      swap(a, i, random.nextInt(i + 1));
    }
  }

  private static void swap(int[] a, int i, int j) {
    int kept = a[i];
    a[i] = a[j];
    a[j] = kept;
  }
}
