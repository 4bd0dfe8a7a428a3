/**
 * The forward pass on the CPU, twice: {@link gpt.cpu.ReferenceBackend}, plain and in double
 * precision, to be right against; {@link gpt.cpu.CpuBackend}, fast.
 */
package gpt.cpu;
