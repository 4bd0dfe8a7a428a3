package gpt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The public API is what {@code public-api.txt} lists, so that every change of it is visible in a
 * review.
 */
class PublicApiTest {
  private static final Path SOURCES = Path.of("src/main/java");
  private static final Path SURFACE = Path.of("src/test/resources/gpt/public-api.txt");

  private static List<Class<?>> publicClasses() throws IOException, ClassNotFoundException {
    List<Class<?>> classes = new ArrayList<>();
    try (Stream<Path> files = Files.list(SOURCES.resolve("gpt"))) {
      for (Path file : files.filter(f -> f.toString().endsWith(".java")).sorted().toList()) {
        String name = file.getFileName().toString().replace(".java", "");
        if (!name.equals("package-info")) {
          add(Class.forName("gpt." + name), classes);
        }
      }
    }
    return classes;
  }

  private static void add(Class<?> type, List<Class<?>> classes) {
    if (Modifier.isPublic(type.getModifiers())) {
      classes.add(type);
      Arrays.stream(type.getDeclaredClasses()).forEach(nested -> add(nested, classes));
    }
  }

  private static boolean isPublic(int modifiers) {
    return Modifier.isPublic(modifiers) || Modifier.isProtected(modifiers);
  }

  private static String name(Type type) {
    return type.getTypeName().replaceAll("java\\.(lang|util(\\.function)?)\\.(?=[A-Z])", "");
  }

  private static String parameters(Executable of) {
    return Arrays.stream(of.getGenericParameterTypes())
        .map(PublicApiTest::name)
        .collect(Collectors.joining(", ", "(", ")"));
  }

  private static List<String> lines(Class<?> type) {
    TreeSet<String> lines = new TreeSet<>();
    for (Constructor<?> each : type.getDeclaredConstructors()) {
      if (isPublic(each.getModifiers())) {
        lines.add("new" + parameters(each));
      }
    }
    for (Method each : type.getDeclaredMethods()) {
      if (isPublic(each.getModifiers()) && !each.isSynthetic()) {
        String kind = Modifier.isStatic(each.getModifiers()) ? "static " : "";
        lines.add(
            kind + name(each.getGenericReturnType()) + " " + each.getName() + parameters(each));
      }
    }
    for (Field each : type.getDeclaredFields()) {
      if (isPublic(each.getModifiers())) {
        lines.add(each.getName());
      }
    }
    List<String> all = new ArrayList<>(List.of(name(type)));
    lines.forEach(line -> all.add("  " + line));
    return all;
  }

  @Test
  void theApiIsTheListedOne() throws Exception {
    List<String> lines = new ArrayList<>();
    publicClasses().forEach(type -> lines.addAll(lines(type)));
    String found = String.join("\n", lines) + "\n";
    Path actual = Files.createDirectories(Path.of("target")).resolve("public-api.txt");
    Files.writeString(actual, found);
    assertEquals(
        Files.readString(SURFACE),
        found,
        "the public API has changed; if this is intended, copy " + actual + " to " + SURFACE);
  }

  /** Callers need no internal type. */
  @Test
  void publicMethodsUseOnlyJavasAndPublicTypes() throws Exception {
    for (Class<?> type : publicClasses()) {
      for (Executable each : executables(type)) {
        List<Type> types = new ArrayList<>(Arrays.asList(each.getGenericParameterTypes()));
        if (each instanceof Method method) {
          types.add(method.getGenericReturnType());
        }
        types.forEach(used -> check(used, each));
      }
    }
  }

  private static List<Executable> executables(Class<?> type) {
    return Stream.concat(
            Arrays.stream(type.getDeclaredConstructors()), Arrays.stream(type.getDeclaredMethods()))
        .filter(each -> isPublic(each.getModifiers()))
        .toList();
  }

  private static void check(Type type, Executable of) {
    switch (type) {
      case Class<?> c when c.isArray() -> check(c.getComponentType(), of);
      case Class<?> c ->
          assertTrue(
              c.isPrimitive()
                  || c.getName().startsWith("java.")
                  || c.getPackageName().equals("gpt"),
              () -> of + " uses " + c.getName());
      case ParameterizedType p -> {
        check(p.getRawType(), of);
        Arrays.stream(p.getActualTypeArguments()).forEach(a -> check(a, of));
      }
      case WildcardType w -> {
        Arrays.stream(w.getUpperBounds()).forEach(b -> check(b, of));
        Arrays.stream(w.getLowerBounds()).forEach(b -> check(b, of));
      }
      case GenericArrayType a -> check(a.getGenericComponentType(), of);
      case TypeVariable<?> v -> Arrays.stream(v.getBounds()).forEach(b -> check(b, of));
      default -> throw new AssertionError(type);
    }
  }

  /** Every public declaration has a comment; doclint checks its content. */
  @Test
  void everythingPublicIsDocumented() throws IOException {
    List<String> bare = new ArrayList<>();
    try (Stream<Path> files = Files.list(SOURCES.resolve("gpt"))) {
      for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
        List<String> lines = Files.readAllLines(file);
        for (int i = 1; i < lines.size(); i++) {
          boolean declares = lines.get(i).matches(" {0,4}public .*");
          String before = lines.get(i - 1).strip();
          if (declares && !before.endsWith("*/") && !before.equals("@Override")) {
            bare.add(file + ":" + (i + 1));
          }
        }
      }
    }
    assertEquals(List.of(), bare);
  }

  @Test
  void everyOtherPackageIsMarkedInternal() throws IOException {
    List<String> silent = new ArrayList<>();
    try (Stream<Path> files = Files.walk(SOURCES.resolve("gpt"))) {
      for (Path folder : files.filter(Files::isDirectory).toList()) {
        Path info = folder.resolve("package-info.java");
        boolean sources;
        try (Stream<Path> in = Files.list(folder)) {
          sources = in.anyMatch(file -> file.toString().endsWith(".java"));
        }
        boolean internal = !folder.equals(SOURCES.resolve("gpt"));
        if (sources
            && (!Files.exists(info) || Files.readString(info).contains("Internal") != internal)) {
          silent.add(folder.toString());
        }
      }
    }
    assertEquals(List.of(), silent);
  }
}
