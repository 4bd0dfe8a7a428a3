package gpt.load;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.JarURLConnection;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;

/**
 * The cache of models unpacked from jars: a folder per model and content, {@code NAME-DIGEST}. A
 * file is written under a temporary name, checked against the jar's size and CRC-32, and renamed
 * atomically. So other processes see a complete file or none, and several can unpack the same model
 * at the same time. Each later run checks the files again and replaces damaged ones. If the user's
 * cache is not writable, a temporary folder is used.
 */
final class ModelCache {
  /** This process's temporary folder; null until it is needed. */
  private static Path temporary;

  private final Path root;

  /** A cache in a folder, which need not exist. */
  ModelCache(Path root) {
    this.root = root;
  }

  /** {@code gpt/weights} in {@code XDG_CACHE_HOME}, or else in {@code ~/.cache}. */
  static ModelCache ofUser() {
    return new ModelCache(ofUser(System.getenv(), System.getProperty("user.home")));
  }

  /** Uses {@code HOME} if it is set, like Hugging Face's cache. */
  static Path ofUser(Map<String, String> environment, String userHome) {
    String home = environment.getOrDefault("HOME", "");
    String cache = environment.getOrDefault("XDG_CACHE_HOME", "");
    Path folder =
        cache.isEmpty() || !Path.of(cache).isAbsolute()
            ? Path.of(home.isEmpty() ? userHome : home).resolve(".cache")
            : Path.of(cache);
    return folder.resolve("gpt").resolve("weights");
  }

  /**
   * Unpacks all files in the folder of a jar's entry.
   *
   * @param jar a connection to one of the model's files
   * @return the folder on disk
   */
  Path unpack(String name, JarURLConnection jar) throws IOException {
    String marker = jar.getEntryName();
    String prefix = marker.substring(0, marker.lastIndexOf('/') + 1);
    try (JarFile file = jar.getJarFile()) {
      List<JarEntry> entries =
          file.stream()
              .filter(e -> e.getName().startsWith(prefix))
              .filter(e -> fileName(e, prefix).matches("[\\w-][\\w.-]*"))
              .toList();
      String folderName = name + "-" + digest(entries, prefix);
      try {
        return unpack(file, entries, prefix, root.resolve(folderName));
      } catch (IOException e) {
        if (Files.isWritable(root)) {
          throw e;
        }
        return unpack(file, entries, prefix, temporary().resolve(folderName));
      }
    }
  }

  private static String fileName(JarEntry entry, String prefix) {
    return entry.getName().substring(prefix.length());
  }

  /** Identifies the content: another version of a model needs another folder. */
  private static String digest(List<JarEntry> entries, String prefix) {
    StringBuilder content = new StringBuilder();
    for (JarEntry e : entries) {
      content.append(fileName(e, prefix)).append(' ').append(e.getSize()).append(' ');
      content.append(e.getCrc()).append('\n');
    }
    try {
      byte[] sum =
          MessageDigest.getInstance("SHA-256")
              .digest(content.toString().getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(sum, 0, 8);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e); // every Java has it
    }
  }

  private static Path unpack(JarFile jar, List<JarEntry> entries, String prefix, Path folder)
      throws IOException {
    Files.createDirectories(folder);
    for (JarEntry entry : entries) {
      Path file = folder.resolve(fileName(entry, prefix));
      if (!isWhole(file, entry)) {
        unpack(jar, entry, file);
      }
    }
    return folder;
  }

  private static void unpack(JarFile jar, JarEntry entry, Path file) throws IOException {
    Path part = Files.createTempFile(file.getParent(), file.getFileName() + ".", ".part");
    try {
      try (InputStream in = jar.getInputStream(entry)) {
        Files.copy(in, part, StandardCopyOption.REPLACE_EXISTING);
      }
      if (!isWhole(part, entry)) {
        throw new IOException(entry.getName() + " is damaged in " + jar.getName());
      }
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      // Windows cannot replace a file in use; if it is complete, another process unpacked it.
      if (!isWhole(file, entry)) {
        throw e;
      }
    } finally {
      Files.deleteIfExists(part);
    }
  }

  private static boolean isWhole(Path file, JarEntry entry) throws IOException {
    if (!Files.isRegularFile(file) || Files.size(file) != entry.getSize()) {
      return false;
    }
    CRC32 crc = new CRC32();
    try (InputStream in = new CheckedInputStream(Files.newInputStream(file), crc)) {
      in.transferTo(OutputStream.nullOutputStream());
    }
    return crc.getValue() == entry.getCrc();
  }

  /** A folder that is deleted when this process ends. */
  private static synchronized Path temporary() throws IOException {
    if (temporary == null) {
      Path folder = Files.createTempDirectory("gpt-weights-");
      Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(folder)));
      temporary = folder;
    }
    return temporary;
  }

  private static void delete(Path folder) {
    try (Stream<Path> files = Files.walk(folder)) {
      files.sorted((a, b) -> b.compareTo(a)).forEach(f -> f.toFile().delete());
    } catch (IOException e) {
      // The system empties its temporary folder.
    }
  }
}
