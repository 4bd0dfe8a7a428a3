package gpt.kernels;

import gpt.GptException;
import gpt.kernels.runtime.Version;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.NewPrimitiveArrayInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.net.MalformedURLException;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/** Compiled exercises, which take the place of the solutions on the class path. */
final class ExerciseCode extends URLClassLoader {
  private static final String PACKAGE = "gpt.exercises.";
  private static final ClassDesc ARRAYS = ClassDesc.of(Arrays.class.getName());
  private static final MethodTypeDesc FILL =
      MethodTypeDesc.of(
          ConstantDescs.CD_void, ConstantDescs.CD_float.arrayType(), ConstantDescs.CD_float);

  private ExerciseCode(Path folder) throws MalformedURLException {
    super(new URL[] {folder.toUri().toURL()}, ExerciseCode.class.getClassLoader());
  }

  private static final class Source extends SimpleJavaFileObject {
    private final String text;

    Source(String type, String text) {
      super(URI.create("string:///gpt/exercises/" + type + ".java"), Kind.SOURCE);
      this.text = text;
    }

    @Override
    public CharSequence getCharContent(boolean ignored) {
      return text;
    }
  }

  /**
   * Compiles sources by their classes' names.
   *
   * @throws GptException with the first error of each source
   */
  static ExerciseCode compile(Map<String, String> sources, Path folder) throws IOException {
    DiagnosticCollector<JavaFileObject> wrong = new DiagnosticCollector<>();
    Files.createDirectories(folder);
    List<Source> files =
        sources.entrySet().stream().map(s -> new Source(s.getKey(), s.getValue())).toList();
    String path = System.getProperty("java.class.path");
    boolean compiled =
        ToolProvider.getSystemJavaCompiler()
            .getTask(
                new StringWriter(),
                null,
                wrong,
                // TornadoVM needs the local variables' names.
                List.of("-g", "-parameters", "-proc:none", "-cp", path, "-d", folder.toString()),
                null,
                files)
            .call();
    if (!compiled) {
      throw new GptException(
          wrong.getDiagnostics().stream()
              .filter(d -> d.getKind() == Diagnostic.Kind.ERROR)
              .map(ExerciseCode::line)
              .findFirst()
              .orElse("does not compile"));
    }
    return new ExerciseCode(folder);
  }

  private static String line(Diagnostic<? extends JavaFileObject> d) {
    String file = d.getSource() == null ? "" : Path.of(d.getSource().getName()).getFileName() + ":";
    String message = d.getMessage(null).lines().findFirst().orElse("");
    return file + d.getLineNumber() + ": " + message;
  }

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    if (!name.startsWith(PACKAGE)) {
      return super.loadClass(name, resolve);
    }
    synchronized (getClassLoadingLock(name)) {
      Class<?> loaded = findLoadedClass(name);
      return loaded == null ? findClass(name) : loaded;
    }
  }

  @Override
  protected Class<?> findClass(String name) throws ClassNotFoundException {
    URL file = findResource(name.replace('.', '/') + ".class");
    if (file == null) {
      throw new ClassNotFoundException(name);
    }
    try (InputStream in = file.openStream()) {
      byte[] bytes = withGarbage(in.readAllBytes());
      return defineClass(name, bytes, 0, bytes.length);
    } catch (IOException e) {
      throw new ClassNotFoundException(name, e);
    }
  }

  /** Fills each new array of floats with NaN: TornadoVM does not fill it with zeros. */
  private static byte[] withGarbage(byte[] bytes) {
    ClassFile file = ClassFile.of();
    return file.transformClass(
        file.parse(bytes), ClassTransform.transformingMethodBodies(ExerciseCode::garbage));
  }

  private static void garbage(CodeBuilder code, CodeElement element) {
    code.with(element);
    if (element instanceof NewPrimitiveArrayInstruction array
        && array.typeKind() == TypeKind.FLOAT) {
      code.dup().loadConstant(Float.NaN).invokestatic(ARRAYS, "fill", FILL);
    }
  }

  @Override
  public URL getResource(String name) {
    URL own = findResource(name);
    return own == null ? super.getResource(name) : own;
  }

  /** An exercise's version, of the class that a loader has. */
  static Version<?> version(ClassLoader loader, String type) throws ReflectiveOperationException {
    return (Version<?>) loader.loadClass(PACKAGE + type).getField("VERSION").get(null);
  }
}
