package gpt.hub;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import gpt.GptException;
import gpt.hub.HubHttp.Answer;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** The hub's API for a model and its files, and its errors as one-line messages. */
record HubApi(HubHttp http, Retries retries, HubName model, boolean token) {
  /**
   * A commit.
   *
   * @param files the names of its files, not yet validated
   */
  record Commit(String id, Set<String> files) {}

  /** Resolves the revision to a commit. */
  Commit commit() throws IOException {
    String path = "/api/models/" + model.repository() + "/revision/" + escaped(model.revision());
    String where = http.host() + path;
    JsonObject json = json(http.hub(path), where, Optional.empty());
    String id = string(json.get("sha"));
    if (!HubCache.isCommit(id) || !(json.get("siblings") instanceof JsonArray siblings)) {
      throw new GptException(where + ": expected a commit and its files; check HF_ENDPOINT");
    }
    Set<String> files = new TreeSet<>();
    for (JsonElement sibling : siblings) {
      files.add(sibling.isJsonObject() ? string(sibling.getAsJsonObject().get("rfilename")) : "");
    }
    return new Commit(id, files);
  }

  /** Reads a small JSON file; its checksum is not verified. */
  JsonObject json(String commit, String file) throws IOException {
    String where = http.host() + ": " + model.repository() + ": " + file;
    return json(address(commit, file), where, Optional.of(file));
  }

  private JsonObject json(URI address, String where, Optional<String> file) throws IOException {
    return retries.run(
        () -> {
          try (Answer answer = http.get(address)) {
            check(answer, file);
            byte[] body = answer.body().readNBytes(SmallJson.MAX_BYTES + 1);
            if (body.length > SmallJson.MAX_BYTES) {
              throw new GptException(where + ": larger than " + SmallJson.MAX_BYTES + " bytes");
            }
            return SmallJson.object(where, body);
          } catch (IOException e) {
            throw new TransientException(where + ": " + Text.reason(e), e, null, false);
          }
        });
  }

  private static String string(JsonElement element) {
    return element != null && element.isJsonPrimitive() ? element.getAsString() : "";
  }

  /** The size and checksum of a file. */
  RemoteFile describe(String commit, String file) throws IOException {
    return retries.run(
        () -> {
          try (Answer answer = http.head(address(commit, file))) {
            check(answer, Optional.of(file));
            String where = http.host() + ": " + model.repository() + ": " + file;
            String sum =
                answer
                    .hub()
                    .firstValue("X-Linked-Etag")
                    .or(() -> answer.hub().firstValue("ETag"))
                    .map(e -> e.replaceFirst("^W/", "").replace("\"", ""))
                    .orElse("");
            Optional<String> size = answer.hub().firstValue("X-Linked-Size");
            if (size.isEmpty() && answer.status() == 200) {
              size = answer.header("Content-Length");
            }
            if (!Checksum.isSum(sum) || !size.orElse("").matches("\\d{1,18}")) {
              throw new GptException(
                  where + ": the hub sends no size or checksum, so the file cannot be verified");
            }
            return new RemoteFile(file, Long.parseLong(size.get()), sum);
          }
        });
  }

  /** The URL of a file's bytes. */
  URI address(String commit, String file) {
    return http.hub("/" + model.repository() + "/resolve/" + commit + "/" + escaped(file));
  }

  private static String escaped(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  /**
   * Turns an error status into an exception; accepts success and redirects.
   *
   * @param file the requested file; empty for the model as a whole
   * @throws TransientException if another attempt may succeed
   * @throws GptException if it cannot
   */
  void check(Answer answer, Optional<String> file) throws TransientException {
    int status = answer.status();
    if (status < 400) {
      return;
    }
    String what = file.map(f -> model.repository() + ": " + f).orElse(model.repository());
    switch (status) {
      case 408, 429, 500, 502, 503, 504 ->
          throw new TransientException(
              "%s: %s: %s"
                  .formatted(
                      answer.from().getAuthority(),
                      what,
                      status == 429 ? "too many requests" : "the server responds with " + status),
              null,
              answer.header("Retry-After").flatMap(HubApi::duration).orElse(null),
              false);
      case 401, 403 ->
          throw new GptException(
              "%s: %s%s"
                  .formatted(
                      answer.from().getAuthority(),
                      what,
                      token
                          ? ": the token is refused; for a gated model, request access on its page"
                          : ": no such model, or it needs a token; check the name, or set"
                              + " HF_TOKEN"));
      case 404 ->
          throw new GptException(
              "%s: %s"
                  .formatted(
                      http.host(),
                      answer.header("X-Error-Code").filter("RevisionNotFound"::equals).isPresent()
                          ? model.repository() + " has no revision " + model.revision()
                          : file.isPresent()
                              ? model.repository() + " has no file " + file.get()
                              : "no model " + model));
      default ->
          throw new GptException(
              answer.from().getAuthority() + ": " + what + ": the server responds with " + status);
    }
  }

  /** {@code Retry-After}: seconds, or a date. */
  static Optional<Duration> duration(String text) {
    if (text.matches("\\d{1,9}")) {
      return Optional.of(Duration.ofSeconds(Long.parseLong(text)));
    }
    try {
      Duration until =
          Duration.between(
              ZonedDateTime.now(), ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME));
      return Optional.of(until.isNegative() ? Duration.ZERO : until);
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }
}
