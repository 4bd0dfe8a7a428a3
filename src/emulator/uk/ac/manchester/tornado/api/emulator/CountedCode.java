package uk.ac.manchester.tornado.api.emulator;

import java.lang.classfile.Attributes;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeModel;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.Label;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeAnnotation;
import java.lang.classfile.TypeAnnotation.LocalVarTarget;
import java.lang.classfile.TypeAnnotation.LocalVarTargetInfo;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.ArrayLoadInstruction;
import java.lang.classfile.instruction.ArrayStoreInstruction;
import java.lang.classfile.instruction.IncrementInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LabelTarget;
import java.lang.classfile.instruction.OperatorInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntSupplier;

/** Inserts calls of {@link Counting} into a method. */
final class CountedCode implements CodeTransform {
  private static final String API = "uk/ac/manchester/tornado/api/";
  private static final ClassDesc COUNTING = ClassDesc.ofInternalName(API + "emulator/Counting");
  private static final MethodTypeDesc NOTHING = MethodTypeDesc.of(ConstantDescs.CD_void);
  private static final MethodTypeDesc ONE =
      MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_int);
  private static final MethodTypeDesc TWO =
      MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_int, ConstantDescs.CD_int);
  private static final MethodTypeDesc GLOBAL =
      MethodTypeDesc.of(
          ConstantDescs.CD_void,
          ClassDesc.ofInternalName(API + "types/arrays/TornadoNativeArray"),
          ConstantDescs.CD_int,
          ConstantDescs.CD_int,
          ConstantDescs.CD_int);
  private static final MethodTypeDesc LOCAL =
      MethodTypeDesc.of(
          ConstantDescs.CD_void,
          ConstantDescs.CD_Object,
          ConstantDescs.CD_int,
          ConstantDescs.CD_int);
  private static final Set<Opcode> FLOPS =
      Set.of(Opcode.FADD, Opcode.FSUB, Opcode.FMUL, Opcode.FDIV);

  /** An @Parallel loop's variable, from one label to another. */
  private record Loop(Label start, Label end, int slot, int number) {}

  private final IntSupplier sites;
  private final List<String> kernels;
  private final List<Loop> loops = new ArrayList<>();
  private final Map<Integer, Loop> open = new HashMap<>();

  CountedCode(CodeModel code, IntSupplier sites, List<String> kernels) {
    this.sites = sites;
    this.kernels = kernels.stream().map(k -> k.replace('.', '/')).toList();
    code.findAttribute(Attributes.runtimeVisibleTypeAnnotations())
        .ifPresent(
            all -> {
              for (TypeAnnotation one : all.annotations()) {
                if (one.annotation().className().stringValue().endsWith("annotations/Parallel;")
                    && one.targetInfo() instanceof LocalVarTarget variable) {
                  for (LocalVarTargetInfo range : variable.table()) {
                    loops.add(
                        new Loop(
                            range.startLabel(), range.endLabel(), range.index(), loops.size()));
                  }
                }
              }
            });
  }

  @Override
  public void accept(CodeBuilder builder, CodeElement element) {
    switch (element) {
      case InvokeInstruction call -> call(builder, call);
      case ArrayLoadInstruction load -> {
        builder.dup2();
        site(builder, "local", LOCAL);
        builder.with(load);
      }
      case ArrayStoreInstruction store ->
          behindValue(builder, store.typeKind(), () -> site(builder, "local", LOCAL), store);
      case OperatorInstruction operator -> {
        builder.with(operator);
        if (FLOPS.contains(operator.opcode())) {
          builder.invokestatic(COUNTING, "flop", NOTHING);
        }
      }
      case LabelTarget label -> {
        builder.with(label);
        for (Loop loop : loops) {
          if (loop.start.equals(label.label())) {
            open.put(loop.slot, loop);
            parallel(builder, loop);
          } else if (loop.end.equals(label.label())) {
            open.remove(loop.slot, loop);
          }
        }
      }
      case IncrementInstruction increment -> {
        builder.with(increment);
        if (open.containsKey(increment.slot())) {
          parallel(builder, open.get(increment.slot()));
        }
      }
      default -> builder.with(element);
    }
  }

  private static void parallel(CodeBuilder builder, Loop loop) {
    builder.iload(loop.slot).loadConstant(loop.number);
    builder.invokestatic(COUNTING, "parallel", TWO);
  }

  private void site(CodeBuilder builder, String method, MethodTypeDesc type) {
    builder.loadConstant(sites.getAsInt()).invokestatic(COUNTING, method, type);
  }

  /** Calls with an array and an index on the stack, below a value. */
  private static void behindValue(
      CodeBuilder builder, TypeKind kind, Runnable call, CodeElement then) {
    int value = builder.allocateLocal(kind);
    builder.storeLocal(kind, value).dup2();
    call.run();
    builder.loadLocal(kind, value).with(then);
  }

  private void call(CodeBuilder builder, InvokeInstruction call) {
    String owner = call.owner().asInternalName();
    String name = call.name().stringValue();
    if (owner.startsWith(API + "types/arrays/")) {
      switch (name) {
        case "get", "getHalf2" -> {
          builder.dup2().loadConstant(name.equals("get") ? 0 : Integer.BYTES);
          site(builder, "read", GLOBAL);
          builder.with(call);
        }
        case "set" -> {
          TypeKind kind = TypeKind.from(call.typeSymbol().parameterType(1));
          behindValue(
              builder,
              kind,
              () -> {
                builder.loadConstant(0);
                site(builder, "write", GLOBAL);
              },
              call);
        }
        default -> builder.with(call);
      }
      return;
    }
    if (owner.equals(API + "KernelContext")) {
      if (name.endsWith("Barrier")) {
        builder.invokestatic(COUNTING, "barrier", NOTHING);
      } else if (name.equals("simdSum")) {
        builder.invokestatic(COUNTING, "warpSum", NOTHING);
      }
    }
    if (owner.equals(API + "math/TornadoMath")
        && call.typeSymbol().returnType().equals(ConstantDescs.CD_float)) {
      builder.invokestatic(COUNTING, "function", NOTHING);
    }
    boolean inlined =
        call.opcode() == Opcode.INVOKESTATIC && kernels.stream().anyMatch(owner::startsWith);
    if (inlined) {
      site(builder, "enter", ONE);
    }
    builder.with(call);
    if (inlined) {
      builder.invokestatic(COUNTING, "leave", NOTHING);
    }
  }
}
