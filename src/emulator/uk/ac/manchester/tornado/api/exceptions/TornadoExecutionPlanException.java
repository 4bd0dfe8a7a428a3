package uk.ac.manchester.tornado.api.exceptions;

/** A plan could not be closed. */
public class TornadoExecutionPlanException extends Exception {
  private static final long serialVersionUID = 1L;

  /** An error with its message. */
  public TornadoExecutionPlanException(String msg) {
    super(msg);
  }
}
