package gpt.explore.plot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;

/** A headless Chromium that loads pages from files. */
public final class Browser implements AutoCloseable {
  private static final Logger SELENIUM = Logger.getLogger("org.openqa.selenium");

  private final Path folder;
  private final ChromeDriver driver;

  private Browser(Path chromium, Path chromedriver) throws IOException {
    SELENIUM.setLevel(Level.SEVERE); // hides a warning about this Chromium's DevTools version
    folder = Files.createTempDirectory("browser");
    LoggingPreferences logs = new LoggingPreferences();
    logs.enable(LogType.BROWSER, Level.ALL);
    ChromeOptions options = new ChromeOptions();
    options.setBinary(chromium.toFile());
    options.setCapability("goog:loggingPrefs", logs);
    options.addArguments(
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--window-size=1280,900",
        "--user-data-dir=" + folder.resolve("profile"));
    // Without this property Selenium downloads a driver.
    System.setProperty("webdriver.chrome.driver", chromedriver.toString());
    driver = new ChromeDriver(options);
    driver.manage().timeouts().scriptTimeout(Duration.ofMinutes(2));
  }

  /** Starts a browser; prints a line and skips the test if none is installed. */
  public static Browser open() throws IOException {
    Optional<Path> chromium = program("chromium");
    Optional<Path> chromedriver = program("chromedriver");
    boolean found = chromium.isPresent() && chromedriver.isPresent();
    String missing =
        "no "
            + (chromium.isPresent() ? "chromedriver" : "chromium")
            + " on PATH: the tests of pages in a browser are skipped;"
            + " apt install chromium chromium-driver";
    if (!found) {
      System.out.println(missing);
    }
    assumeTrue(found, missing);
    return new Browser(chromium.get(), chromedriver.get());
  }

  private static Optional<Path> program(String name) {
    return Stream.of(System.getenv("PATH").split(File.pathSeparator))
        .map(folder -> Path.of(folder, name))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /** Loads a page and waits until it is rendered. */
  void load(StepsPage page) throws IOException {
    load(page.html());
  }

  /** Loads a page and waits until it is rendered. */
  void load(String html) throws IOException {
    Path file = Files.writeString(folder.resolve("page.html"), html);
    driver.get(file.toUri().toString());
    settle();
  }

  /** Visits an address and waits until its page is rendered. */
  public void visit(String address) {
    driver.get(address);
    settle();
  }

  /** Waits for two animation frames, so that pending changes are rendered. */
  public void settle() {
    driver.executeAsyncScript(
        "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() =>"
            + " done()));");
  }

  /** Runs a script and returns its result. */
  public Object run(String script, Object... arguments) {
    return driver.executeScript(script, arguments);
  }

  /** Runs a script, and waits until it calls its last argument with the result. */
  public Object await(String script, Object... arguments) {
    return driver.executeAsyncScript(script, arguments);
  }

  /** Waits until an expression is true. */
  public void until(String expression) throws InterruptedException {
    for (int i = 0; i < 1000; i++) {
      if (Boolean.TRUE.equals(run("return Boolean(" + expression + ")"))) {
        return;
      }
      Thread.sleep(20);
    }
    throw new AssertionError("never true: " + expression);
  }

  /** Sets what the page learns of the user's preference. */
  public void prefersDark(boolean dark) {
    driver.executeCdpCommand(
        "Emulation.setEmulatedMedia",
        Map.of(
            "features",
            List.of(
                Map.of("name", "prefers-color-scheme", "value", dark ? "dark" : "light"),
                Map.of("name", "prefers-reduced-motion", "value", "reduce"))));
    settle();
  }

  /** Evaluates an expression to a number. */
  public double number(String expression) {
    return Double.parseDouble((String) run("return String(" + expression + ")"));
  }

  /** Evaluates an expression to a string. */
  public String text(String expression) {
    return (String) run("return String(" + expression + ")");
  }

  public WebElement find(String selector) {
    return driver.findElement(By.cssSelector(selector));
  }

  public List<WebElement> all(String selector) {
    return driver.findElements(By.cssSelector(selector));
  }

  /** Presses keys in the element that has the focus. */
  public void press(Keys... keys) {
    driver.switchTo().activeElement().sendKeys(keys);
    settle();
  }

  /** Changes the size of the viewport. */
  public void size(int width, int height) {
    driver.executeCdpCommand(
        "Emulation.setDeviceMetricsOverride",
        Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", false));
    settle();
  }

  /** Forgets the console's errors. */
  public void discardConsole() {
    driver.manage().logs().get(LogType.BROWSER);
  }

  /** Fails if the console has an error. */
  public void checkConsole() {
    assertEquals(
        List.of(),
        driver.manage().logs().get(LogType.BROWSER).getAll().stream()
            .filter(entry -> entry.getLevel().intValue() >= Level.SEVERE.intValue())
            .toList());
  }

  @Override
  public void close() throws IOException {
    driver.quit();
    try (Stream<Path> files = Files.walk(folder)) {
      files
          .sorted(Comparator.reverseOrder())
          .forEach(
              file -> {
                try {
                  Files.deleteIfExists(file);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
    }
  }
}
