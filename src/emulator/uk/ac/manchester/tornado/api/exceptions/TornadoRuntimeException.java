package uk.ac.manchester.tornado.api.exceptions;

/** A call that TornadoVM cannot carry out. */
public class TornadoRuntimeException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** An error with its message. */
  public TornadoRuntimeException(String msg) {
    super(msg);
  }

  /** An error with its cause. */
  public TornadoRuntimeException(Exception e) {
    super(e);
  }
}
