/**
 * The forward pass on the CPU, twice: {@link gpt.cpu.ReferenceEngine}, plain and in double
 * precision, to be right against; {@link gpt.cpu.CpuEngine}, fast.
 */
package gpt.cpu;
