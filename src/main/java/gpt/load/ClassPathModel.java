package gpt.load;

import gpt.GptException;
import gpt.model.UntrustedText;
import java.io.IOException;
import java.net.JarURLConnection;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Finds a model by name on the class path: the resources {@code gpt/weights/NAME/*}, a folder in
 * Hugging Face's layout, as the artifact with classifier {@code demo} has them. Weights are
 * memory-mapped, so they must be files: a folder on the class path is used as it is, and the files
 * of a jar are unpacked once into the user's cache.
 */
public final class ClassPathModel {
  private static final String FOLDER = "gpt/weights/";

  /** A file in each model's folder: a jar need not have entries for folders. */
  private static final String MARKER = "config.json";

  private static final int MAX_MESSAGE = 200;

  private ClassPathModel() {}

  /**
   * The folder of a model on the class path of this thread's context class loader, or else of the
   * class loader of this class.
   *
   * @param name letters, digits, {@code _}, {@code .} and {@code -}, without {@code ..}
   * @return a folder on disk; empty if the class path has no such model or the name is invalid
   * @throws GptException if the model exists but cannot be unpacked
   */
  public static Optional<Path> find(String name) {
    List<ClassLoader> loaders =
        Arrays.asList(
            Thread.currentThread().getContextClassLoader(), ClassPathModel.class.getClassLoader());
    return find(name, loaders, ModelCache.ofUser());
  }

  /** As {@link #find(String)}; class loaders may be null. */
  static Optional<Path> find(String name, List<ClassLoader> loaders, ModelCache cache) {
    if (!ModelLocator.isName(name) || name.contains("..")) {
      return Optional.empty();
    }
    String marker = FOLDER + name + "/" + MARKER;
    return loaders.stream()
        .filter(Objects::nonNull)
        .map(loader -> loader.getResource(marker))
        .filter(Objects::nonNull)
        .findFirst()
        .map(url -> folder(name, url, cache));
  }

  private static Path folder(String name, URL marker, ModelCache cache) {
    try {
      if (marker.getProtocol().equals("file")) {
        return Path.of(marker.toURI()).getParent();
      }
      URLConnection connection = marker.openConnection();
      if (connection instanceof JarURLConnection jar) {
        connection.setUseCaches(false); // this connection's own JarFile, which can be closed
        return cache.unpack(name, jar);
      }
      throw new IOException("expected a jar or a folder; load the model by its path instead");
    } catch (IOException | URISyntaxException | InvalidPathException e) {
      throw new GptException(
          UntrustedText.line(marker.toString(), MAX_MESSAGE)
              + ": cannot unpack the model "
              + name
              + ": "
              + UntrustedText.line(e.toString(), MAX_MESSAGE),
          e);
    }
  }
}
