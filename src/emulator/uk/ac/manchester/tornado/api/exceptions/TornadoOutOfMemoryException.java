package uk.ac.manchester.tornado.api.exceptions;

/** The device has too little memory. */
public class TornadoOutOfMemoryException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** An error with its message. */
  public TornadoOutOfMemoryException(String msg) {
    super(msg);
  }
}
