package gpt.server.api;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.function.ToLongFunction;

/**
 * A line of a batch: a request in OpenAI's form, {@code {"custom_id": …, "method": "POST", "url":
 * "/v1/completions", "body": {…}}}, or a body alone, which may have a {@code custom_id} too.
 *
 * @param customId the request's id; the line's number if it has none
 * @param request the request; null if the line is wrong
 * @param error what is wrong with the line; null if nothing is
 */
public record BatchLine(String customId, ApiRequest request, ApiException error) {
  static final String CUSTOM_ID = "custom_id";
  private static final String BODY = "body";
  private static final String URL = "/v1/completions";

  /**
   * What is read of a line first, so that an error, and a seed, have the request's id.
   *
   * @param customId null if the line has none, or is malformed before it
   * @param wrapped whether the request is in OpenAI's form
   */
  private record Outline(String customId, boolean wrapped) {}

  /**
   * Parses a line.
   *
   * @param number the line's number
   * @param seeds returns the seed of a request that has none, from the request's id
   */
  public static BatchLine parse(
      byte[] line, long number, ApiLimits limits, ToLongFunction<String> seeds) {
    Outline outline = outline(line);
    String id = outline.customId == null ? String.valueOf(number) : outline.customId;
    LongSupplier seed = () -> seeds.applyAsLong(id);
    try {
      ApiRequest request =
          BodyReader.read(
              line,
              reader ->
                  outline.wrapped
                      ? wrapped(reader, limits, seed)
                      : CompletionParser.parseLine(reader, limits, seed));
      if (request.stream()) {
        throw ApiException.invalid("stream", "stream: a batch has no streams; remove it");
      }
      return new BatchLine(id, request, null);
    } catch (ApiException e) {
      return new BatchLine(id, null, e);
    }
  }

  private static Outline outline(byte[] line) {
    String id = null;
    boolean wrapped = false;
    try {
      JsonReader json = Json.reader(line);
      json.beginObject();
      while (json.hasNext()) {
        String name = json.nextName();
        wrapped |= name.equals(BODY);
        if (name.equals(CUSTOM_ID) && json.peek() == JsonToken.STRING) {
          id = json.nextString();
        } else {
          json.skipValue();
        }
      }
    } catch (IOException | IllegalStateException | NumberFormatException e) {
      // Not JSON: parse reports it.
    }
    return new Outline(id, wrapped);
  }

  private static ApiRequest wrapped(BodyReader line, ApiLimits limits, LongSupplier seed)
      throws IOException {
    ApiRequest[] request = new ApiRequest[1];
    line.object(
        null,
        Set.of(CUSTOM_ID, "method", "url", BODY),
        name -> {
          switch (name) {
            case "method" -> expect(name, line.text(name), "POST");
            case "url" -> expect(name, line.text(name), URL);
            case BODY -> request[0] = CompletionParser.parse(line, limits, seed);
            default -> line.text(name);
          }
        });
    if (request[0] == null) {
      throw ApiException.invalid(BODY, "body is null: give the request");
    }
    return request[0];
  }

  private static void expect(String param, String found, String expected) {
    if (!found.equals(expected)) {
      throw ApiException.invalid(
          param, param + " must be " + expected + " in a batch, found '" + found + "'");
    }
  }
}
