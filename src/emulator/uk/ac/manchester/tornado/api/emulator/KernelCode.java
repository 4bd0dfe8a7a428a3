package uk.ac.manchester.tornado.api.emulator;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.Opcode;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.invoke.MethodType;
import java.lang.reflect.Method;
import java.util.HashSet;
import java.util.Set;

/**
 * Searches a kernel's bytecode for code that Java runs correctly but TornadoVM miscompiles, which
 * running the kernel cannot show.
 */
final class KernelCode {
  private final ClassLoader loader;
  private final Set<String> seen = new HashSet<>();

  private KernelCode(ClassLoader loader) {
    this.loader = loader;
  }

  /**
   * Finds a method to which the kernel, or a method it calls, passes an array; null if there is
   * none. In such a method TornadoVM addresses the wrong elements of an array in local memory.
   */
  static String takesArray(Method kernel) {
    Class<?> owner = kernel.getDeclaringClass();
    MethodTypeDesc type =
        MethodType.methodType(kernel.getReturnType(), kernel.getParameterTypes())
            .describeConstable()
            .orElseThrow();
    return new KernelCode(owner.getClassLoader())
        .search(owner.getName().replace('.', '/'), kernel.getName(), type);
  }

  private String search(String owner, String name, MethodTypeDesc type) {
    if (!seen.add(owner + "." + name + type.descriptorString())) {
      return null;
    }
    ClassModel model = parse(owner);
    if (model == null) {
      return null;
    }
    return model.methods().stream()
        .filter(m -> m.methodName().equalsString(name) && m.methodTypeSymbol().equals(type))
        .flatMap(m -> m.code().stream())
        .flatMap(code -> code.elementStream())
        .map(this::search)
        .filter(found -> found != null)
        .findFirst()
        .orElse(null);
  }

  private String search(CodeElement element) {
    if (!(element instanceof InvokeInstruction call) || call.opcode() != Opcode.INVOKESTATIC) {
      return null;
    }
    String owner = call.owner().asInternalName();
    if (owner.startsWith("java/") || owner.startsWith("uk/ac/manchester/tornado/")) {
      return null;
    }
    if (call.typeSymbol().parameterList().stream().anyMatch(ClassDesc::isArray)) {
      return owner.substring(owner.lastIndexOf('/') + 1) + "." + call.name().stringValue();
    }
    return search(owner, call.name().stringValue(), call.typeSymbol());
  }

  private ClassModel parse(String owner) {
    try (InputStream in = loader.getResourceAsStream(owner + ".class")) {
      return in == null ? null : ClassFile.of().parse(in.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
