package gpt.cli.options;

import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Takes the defaults of a command's options, but not of its flags, from environment variables:
 * {@code GPT_MAX_TOKENS} for {@code --max-tokens}. An empty variable counts as none.
 */
public final class EnvironmentDefaults implements IDefaultValueProvider {
  private final Map<String, String> environment;

  /** Created by picocli: the process's variables. */
  public EnvironmentDefaults() {
    this(System.getenv());
  }

  /** Other variables. */
  EnvironmentDefaults(Map<String, String> environment) {
    this.environment = environment;
  }

  @Override
  public String defaultValue(ArgSpec argument) {
    if (!(argument instanceof OptionSpec option) || option.arity().max() == 0) {
      return null;
    }
    String value = environment.get(variable(option.longestName()));
    return value == null || value.isEmpty() ? null : value;
  }

  /** The variable of an option. */
  static String variable(String option) {
    return "GPT_" + option.substring(2).replace('-', '_').toUpperCase(Locale.ROOT);
  }
}
