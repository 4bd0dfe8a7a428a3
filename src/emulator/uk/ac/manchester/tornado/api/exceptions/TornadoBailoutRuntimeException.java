package uk.ac.manchester.tornado.api.exceptions;

/** A task graph's execution failed; the emulator's checks of a kernel end in this. */
public class TornadoBailoutRuntimeException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** An error with its message. */
  public TornadoBailoutRuntimeException(String msg) {
    super(msg);
  }

  /** An error with its message and cause. */
  public TornadoBailoutRuntimeException(String msg, Exception e) {
    super(msg, e);
  }
}
