package gpt.checkpoint;

import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A test for each golden checkpoint, by its name without {@code model-}. */
@Retention(RetentionPolicy.RUNTIME)
@ParameterizedTest
@ValueSource(
    strings = {
      "0-nanogpt",
      "0-hf",
      "1-nanogpt",
      "2-nanogpt",
      "2-hf",
      "3-nanogpt",
      "4-nanogpt",
      "4-hf"
    })
public @interface GoldenModels {}
