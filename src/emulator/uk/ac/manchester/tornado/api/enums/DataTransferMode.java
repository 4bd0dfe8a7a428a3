package uk.ac.manchester.tornado.api.enums;

/** When an array is copied between host and device. */
public class DataTransferMode {
  /** Once, before the graph runs for the first time. */
  public static final int FIRST_EXECUTION = 0;

  /** Every time the graph runs. */
  public static final int EVERY_EXECUTION = 1;

  /** Only when the caller asks for it. */
  public static final int UNDER_DEMAND = 2;
}
