package gpt.emulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.lang.annotation.Annotation;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * Every public member of the emulator exists in TornadoVM's API with the same descriptor, so
 * classes compiled against one run on the other. Needs an SDK.
 */
class ApiTest {
  private static final String API = "uk.ac.manchester.tornado.api.";
  private static URLClassLoader real;

  @BeforeAll
  static void openTheRealApi() throws Exception {
    String home = System.getProperty("gpt.tornado.home", "");
    if (home.isEmpty()) {
      System.out.println(
          "ApiTest: skipped, there is no TornadoVM SDK to compare the emulator with");
    }
    assumeTrue(!home.isEmpty(), "no TornadoVM SDK");
    List<URL> jars = new ArrayList<>();
    for (File jar : new File(home, "share/java/tornado").listFiles()) {
      if (jar.getName().startsWith("tornado-api-")) {
        jars.add(jar.toURI().toURL());
      }
    }
    assertEquals(1, jars.size(), "API jars in " + home);
    // The class path's loader would find the emulator.
    real = new URLClassLoader(jars.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
  }

  @AfterAll
  static void close() throws Exception {
    if (real != null) {
      real.close();
    }
  }

  private static List<Class<?>> emulated() throws Exception {
    Path root =
        Path.of(FloatArray.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    List<Class<?>> classes = new ArrayList<>();
    try (Stream<Path> files = Files.walk(root.resolve(API.replace('.', '/')))) {
      for (Path file : files.filter(f -> f.toString().endsWith(".class")).sorted().toList()) {
        String name = root.relativize(file).toString().replace(File.separatorChar, '.');
        Class<?> type =
            Class.forName(
                name.substring(0, name.length() - ".class".length()),
                false,
                FloatArray.class.getClassLoader());
        if (!name.startsWith(API + "emulator.") && Modifier.isPublic(type.getModifiers())) {
          classes.add(type);
        }
      }
    }
    return classes;
  }

  private static String signature(Executable e, Class<?> result) {
    return (Modifier.isStatic(e.getModifiers()) ? "static " : "")
        + result.getName()
        + " "
        + (e instanceof Method ? e.getName() : "new")
        + Arrays.stream(e.getParameterTypes())
            .map(Class::getName)
            .collect(Collectors.joining(", ", "(", ")"));
  }

  private static Set<String> publicMembers(Class<?> type) {
    Set<String> members = new TreeSet<>();
    for (Method m : type.getMethods()) {
      members.add(signature(m, m.getReturnType()));
    }
    for (Constructor<?> c : type.getConstructors()) {
      members.add(signature(c, void.class));
    }
    for (Field f : type.getFields()) {
      members.add(
          Modifier.toString(f.getModifiers()) + " " + f.getType().getName() + " " + f.getName());
    }
    return members;
  }

  @Test
  void publicMembersExistInTheRealApi() throws Exception {
    List<Class<?>> classes = emulated();
    assertTrue(classes.size() > 50, "only " + classes.size() + " classes found");
    Set<String> wrong = new TreeSet<>();
    for (Class<?> type : classes) {
      Class<?> other;
      try {
        other = real.loadClass(type.getName());
      } catch (ClassNotFoundException e) {
        wrong.add(type.getName());
        continue;
      }
      if (type.isInterface() != other.isInterface() || type.isEnum() != other.isEnum()) {
        wrong.add(type.getName() + ": another kind of class");
      }
      Set<String> missing = publicMembers(type);
      missing.removeAll(publicMembers(other));
      missing.forEach(m -> wrong.add(type.getName() + ": " + m));
    }
    assertEquals(Set.of(), wrong, "the emulator has these, TornadoVM has not");
  }

  @Test
  void superclassesAndInterfacesOfThisApiAreTheSame() throws Exception {
    for (Class<?> type : emulated()) {
      Class<?> other = real.loadClass(type.getName());
      Set<String> supers = publicSupers(type);
      supers.removeAll(publicSupers(other));
      assertEquals(Set.of(), supers, type.getName());
    }
  }

  private static Set<String> publicSupers(Class<?> type) {
    Set<String> supers = new TreeSet<>();
    for (Class<?> c = type.getSuperclass(); c != null; c = c.getSuperclass()) {
      if (Modifier.isPublic(c.getModifiers())) {
        supers.add(c.getName());
      }
    }
    for (Class<?> i : type.getInterfaces()) {
      supers.add(i.getName());
    }
    return supers;
  }

  @Test
  void compileTimeConstantsAreTheSame() throws Exception {
    // The compiler inlines these numbers; enum constants are looked up by name.
    Class<?> modes = real.loadClass(DataTransferMode.class.getName());
    for (Field f : DataTransferMode.class.getFields()) {
      assertEquals(f.get(null), modes.getField(f.getName()).get(null), f.getName());
    }
    Class<?> parallel = real.loadClass(Parallel.class.getName());
    assertEquals(annotations(parallel), annotations(Parallel.class));
    assertEquals(2, annotations(Parallel.class).size());
  }

  private static Set<String> annotations(Class<?> type) {
    Set<String> texts = new TreeSet<>();
    for (Annotation a : type.getAnnotations()) {
      texts.add(a.toString());
    }
    return texts;
  }

  @Test
  void functionalInterfacesHaveOneMethodEach() throws Exception {
    for (Class<?> type : emulated()) {
      if (type.getName().contains("TornadoFunctions$Task")) {
        assertNotNull(real.loadClass(type.getName()).getAnnotation(FunctionalInterface.class));
        assertEquals(1, type.getMethods().length, type.getName());
      }
    }
  }
}
