/**
 * What the kernels share: a version with its task and grid, a matrix in each precision, the rows of
 * a pass and how they are made on the device, and copies of keys and values. The letters are those
 * of {@link gpt.kernels}.
 */
package gpt.kernels.runtime;
