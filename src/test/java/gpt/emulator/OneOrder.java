package gpt.emulator;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/**
 * A test for which the emulator runs work items in one order only: the kernels' own tests look for
 * races.
 */
public interface OneOrder {
  /** Kernels run once. */
  @BeforeEach
  default void runKernelsOnce() {
    System.setProperty("gpt.emulator.orders", "1");
  }

  /** Kernels run in several orders, as usual. */
  @AfterEach
  default void runKernelsInSeveralOrders() {
    System.clearProperty("gpt.emulator.orders");
  }
}
