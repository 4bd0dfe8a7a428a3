package gpt.load;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.GptException;
import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClassPathModelTest {
  private static final byte[] WEIGHTS = new byte[4_000_000];
  private static final byte[] CONFIG = "{}".getBytes(StandardCharsets.UTF_8);

  static {
    new Random(1).nextBytes(WEIGHTS);
  }

  @TempDir Path temp;

  /** A jar with a model, like the artifact {@code demo}; stored, not compressed. */
  private Path jar(String file, String model, byte[] weights) throws IOException {
    Path jar = temp.resolve(file);
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(jar))) {
      zip.setMethod(ZipOutputStream.STORED);
      add(zip, "META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n".getBytes(StandardCharsets.UTF_8));
      add(zip, "gpt/weights/" + model + "/", new byte[0]);
      add(zip, "gpt/weights/" + model + "/config.json", CONFIG);
      add(zip, "gpt/weights/" + model + "/model.safetensors", weights);
      add(zip, "gpt/weights/" + model + "-2/config.json", CONFIG);
      add(zip, "gpt/weights/" + model + "/../../../outside", CONFIG);
      add(zip, "gpt/weights/" + model + "/..\\outside", CONFIG);
    }
    return jar;
  }

  private static void add(ZipOutputStream zip, String name, byte[] bytes) throws IOException {
    ZipEntry entry = new ZipEntry(name);
    CRC32 crc = new CRC32();
    crc.update(bytes);
    entry.setSize(bytes.length);
    entry.setCrc(crc.getValue());
    zip.putNextEntry(entry);
    zip.write(bytes);
    zip.closeEntry();
  }

  private static URLClassLoader loader(Path classPath) throws MalformedURLException {
    return new URLClassLoader(new URL[] {classPath.toUri().toURL()}, null);
  }

  private Path cacheFolder() {
    return temp.resolve("cache/gpt/weights");
  }

  private Optional<Path> find(String name, ClassLoader... loaders) {
    return ClassPathModel.find(name, Arrays.asList(loaders), new ModelCache(cacheFolder()));
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(f -> f.getFileName().toString()).sorted().toList();
    }
  }

  private static void assertUnpacked(Path folder) throws IOException {
    assertEquals(List.of("config.json", "model.safetensors"), names(folder));
    assertArrayEquals(CONFIG, Files.readAllBytes(folder.resolve("config.json")));
    assertArrayEquals(WEIGHTS, Files.readAllBytes(folder.resolve("model.safetensors")));
  }

  @Test
  void unpacksAJarOnce() throws IOException {
    try (URLClassLoader loader = loader(jar("a.jar", "tiny", WEIGHTS))) {
      Path folder = find("tiny", loader).orElseThrow();
      assertUnpacked(folder);
      Path weights = folder.resolve("model.safetensors");
      FileTime old = FileTime.fromMillis(1_000_000_000_000L);
      Files.setLastModifiedTime(weights, old);
      assertEquals(folder, find("tiny", loader).orElseThrow());
      assertEquals(old, Files.getLastModifiedTime(weights));
      assertEquals(List.of(folder.getFileName().toString()), names(cacheFolder()));
      assertFalse(Files.exists(cacheFolder().resolve("outside")));
    }
  }

  /** Detects damage by size, and by content if the size is right. */
  @Test
  void replacesDamagedFiles() throws IOException {
    try (URLClassLoader loader = loader(jar("a.jar", "tiny", WEIGHTS))) {
      Path folder = find("tiny", loader).orElseThrow();
      Path weights = folder.resolve("model.safetensors");
      Files.write(weights, Arrays.copyOf(WEIGHTS, WEIGHTS.length / 2));
      assertUnpacked(find("tiny", loader).orElseThrow());
      byte[] changed = WEIGHTS.clone();
      changed[WEIGHTS.length - 1] ^= 1;
      Files.write(weights, changed);
      Files.delete(folder.resolve("config.json"));
      assertUnpacked(find("tiny", loader).orElseThrow());
    }
  }

  /** Another version of a model must not replace files that are memory-mapped. */
  @Test
  void otherContentGetsAnotherFolder() throws IOException {
    byte[] other = WEIGHTS.clone();
    other[7] ^= 1;
    try (URLClassLoader first = loader(jar("a.jar", "tiny", WEIGHTS));
        URLClassLoader second = loader(jar("b.jar", "tiny", other))) {
      Path folder = find("tiny", first).orElseThrow();
      assertNotEquals(folder, find("tiny", second).orElseThrow());
      assertUnpacked(folder);
    }
  }

  /** The threads share only the file system, like processes. */
  @Test
  void severalThreadsUnpackAtTheSameTime() throws Exception {
    Path jar = jar("a.jar", "tiny", WEIGHTS);
    int threads = 4;
    try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
      for (int round = 0; round < 10; round++) {
        CyclicBarrier start = new CyclicBarrier(threads);
        List<Future<Path>> found = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
          Callable<Path> unpack =
              () -> {
                try (URLClassLoader loader = loader(jar)) {
                  start.await();
                  Path folder = find("tiny", loader).orElseThrow();
                  assertArrayEquals(
                      WEIGHTS, Files.readAllBytes(folder.resolve("model.safetensors")));
                  return folder;
                }
              };
          found.add(pool.submit(unpack));
        }
        for (Future<Path> folder : found) {
          folder.get();
        }
        Path folder = found.get(0).get();
        assertUnpacked(folder); // no thread left a temporary file
        Files.write(folder.resolve("model.safetensors"), new byte[round]);
      }
    }
  }

  @Test
  void usesAFolderWithoutCopying() throws IOException {
    Path classes = temp.resolve("with space");
    Path model = Files.createDirectories(classes.resolve("gpt/weights/tiny"));
    Files.write(model.resolve("config.json"), CONFIG);
    try (URLClassLoader loader = loader(classes)) {
      assertEquals(Optional.of(model), find("tiny", loader));
      assertFalse(Files.exists(cacheFolder()));
    }
  }

  @Test
  void theContextClassLoaderComesFirst() throws IOException {
    Path classes = temp.resolve("classes");
    Path model = Files.createDirectories(classes.resolve("gpt/weights/tiny"));
    Files.write(model.resolve("config.json"), CONFIG);
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    try (URLClassLoader context = loader(classes);
        URLClassLoader jar = loader(jar("a.jar", "tiny", WEIGHTS))) {
      assertEquals(Optional.empty(), ClassPathModel.find("tiny"));
      thread.setContextClassLoader(context);
      assertEquals(Optional.of(model), ClassPathModel.find("tiny"));
      assertEquals(Optional.of(model), find("tiny", context, jar));
      assertUnpacked(find("tiny", null, jar).orElseThrow());
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".", "..", "a..b", "../tiny", "tiny/", "a/tiny", "a\\tiny", "tiny\n"})
  void invalidNamesAreNotFound(String name) throws IOException {
    try (URLClassLoader loader = loader(jar("a.jar", name.isEmpty() ? "." : name, WEIGHTS))) {
      assertEquals(Optional.empty(), find(name, loader));
    }
  }

  @Test
  void otherModelsAreNotFound() throws IOException {
    try (URLClassLoader loader = loader(jar("a.jar", "tiny", WEIGHTS))) {
      assertEquals(Optional.empty(), find("tin", loader));
      assertEquals(List.of("config.json"), names(find("tiny-2", loader).orElseThrow()));
    }
  }

  @Test
  void refusesADamagedJar() throws IOException {
    Path jar = jar("a.jar", "tiny", WEIGHTS);
    byte[] bytes = Files.readAllBytes(jar);
    bytes[bytes.length / 2] ^= 1; // in the weights, most of the jar
    Files.write(jar, bytes);
    try (URLClassLoader loader = loader(jar)) {
      GptException e = assertThrows(GptException.class, () -> find("tiny", loader));
      assertTrue(e.getMessage().contains("model.safetensors is damaged in " + jar), e::getMessage);
      assertEquals(1, e.getMessage().lines().count());
    }
    try (Stream<Path> folders = Files.list(cacheFolder())) {
      assertEquals(List.of("config.json"), names(folders.findFirst().orElseThrow()));
    }
  }

  @Test
  void unpacksIntoATemporaryFolderWithoutACache() throws IOException {
    Files.createDirectories(temp);
    Files.write(temp.resolve("cache"), CONFIG); // a file: no folder can be made in it
    try (URLClassLoader loader = loader(jar("a.jar", "tiny", WEIGHTS))) {
      Path folder = find("tiny", loader).orElseThrow();
      assertUnpacked(folder);
      assertFalse(folder.startsWith(temp), folder::toString);
      assertEquals(folder, find("tiny", loader).orElseThrow());
    }
  }

  @Test
  void cacheIsInTheUsersFolder() {
    Path home = temp.resolve("home");
    Path other = temp.resolve("other");
    String user = temp.resolve("user").toString();
    Path inHome = home.resolve(".cache/gpt/weights");
    assertEquals(inHome, ModelCache.ofUser(Map.of("HOME", home.toString()), user));
    assertEquals(
        other.resolve("gpt/weights"),
        ModelCache.ofUser(
            Map.of("HOME", home.toString(), "XDG_CACHE_HOME", other.toString()), user));
    assertEquals(
        inHome,
        ModelCache.ofUser(Map.of("HOME", home.toString(), "XDG_CACHE_HOME", "relative"), user));
    assertEquals(
        temp.resolve("user/.cache/gpt/weights"), ModelCache.ofUser(Map.of("HOME", ""), user));
  }
}
