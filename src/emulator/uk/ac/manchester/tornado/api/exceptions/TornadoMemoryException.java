package uk.ac.manchester.tornado.api.exceptions;

/** A plan needs more than its memory limit. */
public class TornadoMemoryException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** An error with its message. */
  public TornadoMemoryException(String msg) {
    super(msg);
  }
}
