package uk.ac.manchester.tornado.api.enums;

/** What runs the kernels; the emulator is {@link #JAVA}. */
public enum TornadoVMBackendType {
  OPENCL,
  METAL,
  PTX,
  CUDA,
  SPIRV,
  JAVA,
  VIRTUAL
}
