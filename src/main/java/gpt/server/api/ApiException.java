package gpt.server.api;

import com.google.gson.JsonObject;
import gpt.model.UntrustedText;

/** A request that is refused, with OpenAI's fields of an error. */
public final class ApiException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** The type of errors that the caller can correct. */
  public static final String INVALID = "invalid_request_error";

  private static final int MAX_MESSAGE = 500;

  private final int status;
  private final String type;
  private final String param;
  private final String code;

  /**
   * Creates an error.
   *
   * @param status HTTP status
   * @param type OpenAI's type
   * @param param the option that is wrong; null if none is
   * @param code OpenAI's code; null if it has none
   * @param message one line that says what is wrong and what to do
   */
  public ApiException(int status, String type, String param, String code, String message) {
    super(UntrustedText.line(message, MAX_MESSAGE));
    this.status = status;
    this.type = type;
    this.param = param == null ? null : UntrustedText.line(param, MAX_MESSAGE);
    this.code = code;
  }

  /** A wrong value of an option: status 400. */
  public static ApiException invalid(String param, String message) {
    return new ApiException(400, INVALID, param, null, message);
  }

  /** A refused request, whatever its options: a status, and OpenAI's code. */
  public static ApiException refused(int status, String code, String message) {
    return new ApiException(status, INVALID, null, code, message);
  }

  /** The HTTP status. */
  public int status() {
    return status;
  }

  /** The option that is wrong; null if none is. */
  public String param() {
    return param;
  }

  /** OpenAI's code; null if it has none. */
  public String code() {
    return code;
  }

  /** The error in OpenAI's form. */
  public JsonObject json() {
    JsonObject error = new JsonObject();
    error.addProperty("message", getMessage());
    error.addProperty("type", type);
    error.addProperty("param", param);
    error.addProperty("code", code);
    JsonObject body = new JsonObject();
    body.add("error", error);
    return body;
  }
}
