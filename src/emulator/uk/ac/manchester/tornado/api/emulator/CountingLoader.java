package uk.ac.manchester.tornado.api.emulator;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.MethodTransform;
import java.lang.reflect.AccessFlag;
import java.util.List;

/**
 * Loads classes once more, and inserts calls of {@link Counting} into the static methods of the
 * kernels among them.
 */
public final class CountingLoader extends ClassLoader {
  private final String root;
  private final List<String> kernels;
  private int sites;

  /**
   * A loader beside another one.
   *
   * @param parent has the classes' bytes, and loads all other classes
   * @param root prefix of the classes that are loaded once more
   * @param kernels prefixes of those that have kernels
   */
  public CountingLoader(ClassLoader parent, String root, List<String> kernels) {
    super(parent);
    this.root = root;
    this.kernels = List.copyOf(kernels);
  }

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    if (!name.startsWith(root)) {
      return super.loadClass(name, resolve);
    }
    synchronized (getClassLoadingLock(name)) {
      Class<?> loaded = findLoadedClass(name);
      return loaded == null ? define(name) : loaded;
    }
  }

  private Class<?> define(String name) throws ClassNotFoundException {
    try (InputStream in = getResourceAsStream(name.replace('.', '/') + ".class")) {
      if (in == null) {
        throw new ClassNotFoundException(name);
      }
      byte[] bytes = in.readAllBytes();
      if (kernels.stream().anyMatch(name::startsWith)) {
        bytes = instrumented(bytes);
      }
      return defineClass(name, bytes, 0, bytes.length);
    } catch (IOException e) {
      throw new ClassNotFoundException(name, e);
    }
  }

  private byte[] instrumented(byte[] bytes) {
    ClassFile file =
        ClassFile.of(
            ClassFile.ClassHierarchyResolverOption.of(
                ClassHierarchyResolver.ofResourceParsing(this)
                    .orElse(ClassHierarchyResolver.defaultResolver())));
    ClassModel model = file.parse(bytes);
    return file.transformClass(
        model,
        (builder, element) -> {
          if (element instanceof MethodModel method
              && method.flags().has(AccessFlag.STATIC)
              && method.code().isPresent()) {
            CountedCode code = new CountedCode(method.code().get(), this::nextSite, kernels);
            builder.transformMethod(method, MethodTransform.transformingCode(code));
          } else {
            builder.with(element);
          }
        });
  }

  private int nextSite() {
    return sites++;
  }
}
