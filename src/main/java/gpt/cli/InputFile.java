package gpt.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import gpt.model.GptException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * What a command reads whole: a file, or standard input.
 *
 * @param name of the file, or standard input, as it stands in errors
 */
record InputFile(String name, byte[] bytes) {
  /** The name that stands for standard input on a command line. */
  static final String STANDARD_INPUT = "-";

  /**
   * Reads a file.
   *
   * @param what is in it, in a word: prompt
   * @throws GptException where it cannot be read
   */
  static InputFile read(String what, String name) {
    Path path = ModelLocator.path(name);
    try {
      if (Files.isDirectory(path)) {
        throw new GptException(what + " file " + name + ": is a folder");
      }
      return new InputFile(name, Files.readAllBytes(path));
    } catch (NoSuchFileException e) {
      throw new GptException(what + " file " + name + ": no such file", e);
    } catch (AccessDeniedException e) {
      throw new GptException(what + " file " + name + ": no permission to read it", e);
    } catch (IOException e) {
      throw new GptException(what + " file " + name + ": cannot be read: " + e.getMessage(), e);
    }
  }

  /**
   * Reads standard input to its end.
   *
   * @param what is in it, in a word: prompt
   * @param quiet no note on a terminal, where nothing else shows that a text is waited for
   * @throws GptException where it cannot be read
   */
  static InputFile readStandardInput(String what, boolean quiet) {
    if (!quiet && Terminal.isStandardInput()) {
      System.err.println("gpt: type the " + what + ", then press Enter and Ctrl-D");
    }
    try {
      return new InputFile("standard input", System.in.readAllBytes());
    } catch (IOException e) {
      throw new GptException("standard input cannot be read: " + e.getMessage(), e);
    }
  }

  /**
   * The bytes as UTF-8.
   *
   * @param what they are, in a word: prompt
   * @throws GptException where they are not, with the first byte that is wrong
   */
  String text(String what) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    try {
      return UTF_8.newDecoder().decode(buffer).toString();
    } catch (CharacterCodingException e) {
      throw new GptException(
          "the " + what + " in " + name + " is not UTF-8 text, from byte " + buffer.position(), e);
    }
  }
}
