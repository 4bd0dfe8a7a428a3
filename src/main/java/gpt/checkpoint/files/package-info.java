/**
 * Files of any format: {@link gpt.checkpoint.files.FileBytes} maps and reads them, {@link
 * gpt.checkpoint.files.Json} parses JSON, {@link gpt.checkpoint.files.ModelFiles} replaces the
 * files of a model all at once, and {@link gpt.checkpoint.files.Fault} makes the errors, whose line
 * begins with the file.
 *
 * <p>May import {@code model} and Gson.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.checkpoint.files;
