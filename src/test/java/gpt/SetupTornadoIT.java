package gpt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code setup-tornado.sh}: downloads from a faulty server, archives, and the files it leaves. */
class SetupTornadoIT {
  private static final String NAME = "tornadovm-" + FakeSdk.VERSION + "-opencl-linux-amd64";
  private static final String FOLDER = "/v" + FakeSdk.VERSION + "/";
  private static final String INSTALLED = FakeSdk.VERSION + "-opencl";
  private static final String LINE =
      "export TORNADOVM_HOME=\"$HOME/.tornadovm/current\""
          + " PATH=\"$HOME/.tornadovm/bin:$HOME/.tornadovm/current/bin:$PATH\"\n";
  private static final String DEVICES =
      """

      Number of Tornado drivers: 1
      Driver: \033[36mOpenCL\033[0m
        Total number of OpenCL devices  : 1
        Tornado device=0:0  (DEFAULT)
      \t\033[36mOPENCL\033[0m --  [A Platform] -- A Device
      """;

  @TempDir Path folder;
  private Path home;
  private Path prefix;
  private Path root;
  private Path jdk;
  private Path tools;
  private Path sdk;
  private String path;
  private Mirror mirror;

  @BeforeEach
  void makeFakes() throws IOException {
    folder = folder.toRealPath();
    home = Files.createDirectories(folder.resolve("my home"));
    prefix = home.resolve(".tornadovm");
    root = folder.resolve("the sources");
    for (String file : List.of("setup-tornado.sh", "scripts/jdk.sh", "scripts/sdk.sh")) {
      FakeSdk.copy(Program.ROOT.resolve(file), root.resolve(file));
    }
    FakeSdk.copy(Program.ROOT.resolve("scripts/tornado"), root.resolve("scripts/tornado"));
    gpt("echo --test", "exit 0");
    jdk = FakeSdk.jdk(folder.resolve("jdk"), "25.0.3", "cat \"${0%/*}/devices\"");
    FakeSdk.write(jdk.resolve("bin/devices"), DEVICES);
    tools = folder.resolve("tools");
    path = tools + ":" + System.getenv("PATH");
    FakeSdk.script(tools.resolve("uname"), "case $1 in -s) echo Linux ;; -m) echo x86_64 ;; esac");
    FakeSdk.script(tools.resolve("nvidia-smi"), "exit 9");
    FakeSdk.script(tools.resolve("sleep"), "exit 0");
    sdk = FakeSdk.sdk(folder.resolve("unpacked/tornadovm-" + INSTALLED), "opencl");
    byte[] ballast = new byte[100_000];
    new Random(1).nextBytes(ballast);
    Files.write(sdk.resolve("share/ballast"), ballast);
    mirror = new Mirror();
  }

  @AfterEach
  void stop() {
    mirror.close();
  }

  /** Writes a {@code scripts/gpt} that logs its command lines. */
  private void gpt(String help, String test) throws IOException {
    FakeSdk.script(
        root.resolve("scripts/gpt"),
        "echo \"$* $TORNADOVM_HOME\" >>\"$0.log\"\n"
            + ("case $* in *--help) " + help + " ;; *--test) " + test + " ;; esac"));
  }

  private Program setup(String... args) {
    String[] command = new String[args.length + 1];
    command[0] = root.resolve("setup-tornado.sh").toString();
    System.arraycopy(args, 0, command, 1, args.length);
    return withFakes(Program.of(command));
  }

  /** Runs a program with the fake home, JDK and tools. */
  private Program withFakes(Program program) {
    return program
        .directory(folder)
        .environment("HOME", home.toString())
        .environment("TORNADOVM_HOME", null)
        .environment("JAVA_HOME", jdk.toString())
        .environment("http_proxy", null)
        .environment("PATH", path);
  }

  private Program download(String... args) {
    String[] all = Arrays.copyOf(args, args.length + 2);
    all[args.length] = "--url";
    all[args.length + 1] = mirror.address();
    return setup(all);
  }

  private static void says(Program.Result run, String... parts) {
    for (String part : parts) {
      assertTrue(run.err().contains(part), () -> "no '" + part + "' in " + run);
    }
  }

  /** Asserts a failure whose last line has all parts, and that nothing was installed. */
  private void refused(Program.Result run, String... parts) throws IOException {
    assertEquals(1, run.status(), run::toString);
    assertEquals("", run.out(), run::toString);
    String last = run.err().lines().toList().getLast();
    for (String part : parts) {
      assertTrue(last.contains(part), () -> "no '" + part + "' in the last line of " + run);
    }
    assertEquals(Map.of(), FakeSdk.snapshot(prefix), run::toString);
  }

  private Path pack(String kind) throws IOException {
    Path archive = folder.resolve(NAME + "." + kind);
    if (kind.equals("zip")) {
      try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(archive))) {
        for (Map.Entry<String, String> file : FakeSdk.snapshot(sdk.getParent()).entrySet()) {
          if (!file.getValue().equals("folder")) {
            zip.putNextEntry(new ZipEntry(file.getKey()));
            zip.write(Files.readAllBytes(sdk.resolveSibling(file.getKey())));
          }
        }
      }
    } else {
      Program.of("tar", "-czf", archive.toString(), sdk.getFileName().toString())
          .directory(sdk.getParent())
          .run()
          .succeeded();
    }
    return archive;
  }

  /** Puts the SDK's archive and its checksum on the server. */
  private byte[] publish() throws IOException {
    byte[] archive = Files.readAllBytes(pack("tar.gz"));
    mirror.files.put(FOLDER + NAME + ".tar.gz", archive);
    mirror.files.put(FOLDER + NAME + ".tar.gz.sha256", (sha256(archive) + "  x\n").getBytes());
    return archive;
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  private void assertInstalled() throws IOException {
    assertInstalled(prefix);
  }

  private void assertInstalled(Path prefix) throws IOException {
    TreeMap<String, String> expected = contents(sdk);
    Path installed = prefix.resolve(INSTALLED);
    TreeMap<String, String> actual = contents(installed);
    String argfile = actual.remove("tornado-argfile");
    assertEquals(expected, actual);
    assertTrue(argfile.contains("\n-Djava.library.path=\"" + installed + "\"/lib\n"), argfile);
    assertTrue(Files.isExecutable(installed.resolve("bin/tornado")));
    assertEquals(Path.of(INSTALLED), Files.readSymbolicLink(prefix.resolve("current")));
    assertTrue(Files.isExecutable(prefix.resolve("bin/tornado")));
    assertEquals(
        List.of(INSTALLED, "bin", "current"),
        FakeSdk.snapshot(prefix).keySet().stream()
            .filter(f -> !f.isEmpty() && !f.contains("/"))
            .toList());
  }

  /** A snapshot without modification times. */
  private static TreeMap<String, String> contents(Path folder) throws IOException {
    TreeMap<String, String> all = FakeSdk.snapshot(folder);
    all.replaceAll((file, what) -> what.replaceFirst("^\\d{4}-\\S+ ", ""));
    return all;
  }

  // ----------------------------------------------------------------------------- downloading

  @ParameterizedTest
  @ValueSource(strings = {"curl", "wget"})
  void aBrokenDownloadIsResumed(String tool) throws Exception {
    only(tool);
    byte[] archive = publish();
    mirror.cuts.set(2);
    Program.Result run = download().run().succeeded();
    assertEquals(LINE, run.out());
    assertInstalled();
    says(run, "attempt 3 of 5", "backend opencl", "device 0:0: OPENCL -- [A Platform] -- A Device");
    says(run, "the kernels passed their tests on every device");
    assertEquals(
        List.of(
            FOLDER + NAME + ".tar.gz.sha256 null",
            FOLDER + NAME + ".tar.gz null",
            FOLDER + NAME + ".tar.gz bytes=" + Mirror.CUT + "-",
            FOLDER + NAME + ".tar.gz bytes=" + 2 * Mirror.CUT + "-"),
        mirror.requests);
    assertTrue(archive.length > 3 * Mirror.CUT);
    assertEquals(
        List.of("devices --help ", "devices --test " + prefix.resolve(INSTALLED)),
        Files.readAllLines(root.resolve("scripts/gpt.log")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"curl", "wget"})
  void withoutRangesADownloadStartsAgain(String tool) throws Exception {
    only(tool);
    publish();
    mirror.ranges = false;
    mirror.cuts.set(1);
    download().run().succeeded();
    assertInstalled();
  }

  /** Hides the other download tool: a PATH with all other tools. */
  private void only(String tool) throws IOException {
    Path path = Files.createDirectories(folder.resolve("path"));
    for (String name :
        ("awk basename cat chmod cmp cp cut date diff dirname env find grep gzip head ldd ln mkdir"
                + " mv od python3 readlink rm rmdir sed sh sha256sum shasum sort tail tar touch tr"
                + " unzip "
                + tool)
            .split(" ")) {
      for (String place : System.getenv("PATH").split(":")) {
        if (Files.isExecutable(Path.of(place, name)) && !Files.exists(path.resolve(name))) {
          FakeSdk.script(path.resolve(name), "exec " + place + "/" + name + " \"$@\"");
        }
      }
    }
    assumeTrue(Files.exists(path.resolve(tool)), "no " + tool + " here; install it to test it too");
    for (String name : List.of("uname", "nvidia-smi", "sleep")) {
      FakeSdk.copy(tools.resolve(name), path.resolve(name));
    }
    this.path = path.toString();
  }

  @Test
  void aSecondRunChangesNothing() throws Exception {
    publish();
    download().run().succeeded();
    TreeMap<String, String> before = FakeSdk.snapshot(home);
    mirror.requests.clear();
    String line = download().run().succeeded().out();
    for (Program again : List.of(download(), setup(), setup("--backend", "opencl"))) {
      Program.Result run = again.run().succeeded();
      says(run, "is already installed: " + prefix.resolve(INSTALLED));
      assertEquals(line, run.out());
      assertEquals(before, FakeSdk.snapshot(home));
    }
    assertEquals(List.of(), mirror.requests);

    // The same with the line in the profile.
    Program.Result run = setup().environment("TORNADOVM_HOME", prefix + "/current").run();
    assertEquals(line, run.succeeded().out());
    assertEquals(before, FakeSdk.snapshot(home));
  }

  @Test
  void theProfileLineSetsThePathAndTheSdk() throws Exception {
    publish();
    String line = download("--no-test").run().succeeded().out();
    String show = "printf '%s\\n' \"$TORNADOVM_HOME\"; command -v tornado";
    assertEquals(
        prefix + "/current\n" + prefix + "/bin/tornado\n",
        Program.of("sh", "-c", line + show).environment("HOME", home.toString()).run().out());

    Path other = folder.resolve("it's \"$HOME\" `here`");
    line = download("--no-test", "--prefix", other.toString()).run().succeeded().out();
    assertEquals(1, line.lines().count());
    assertEquals(
        other + "/current\n" + other + "/bin/tornado\n",
        Program.of("sh", "-c", line + show).environment("HOME", home.toString()).run().out());
    assertTrue(Files.exists(other.resolve("current/tornado-argfile")));
  }

  @Test
  void aPartialDownloadIsKeptForTheNextRun() throws Exception {
    byte[] archive = publish();
    mirror.cuts.set(5);
    Program.Result run = download().run();
    assertEquals(1, run.status(), run::toString);
    assertEquals("", run.out());
    says(run, "the connection broke 5 times", "run this again");
    Path part = prefix.resolve("downloads/" + NAME + ".tar.gz.part");
    assertEquals(
        List.of("", "downloads", "downloads/" + NAME + ".tar.gz.part"),
        List.copyOf(FakeSdk.snapshot(prefix).keySet()));
    assertEquals(5L * Mirror.CUT, Files.size(part));

    mirror.requests.clear();
    run = download().run().succeeded();
    says(run, "resuming the last run's download");
    assertInstalled();
    assertEquals(FOLDER + NAME + ".tar.gz bytes=" + 5 * Mirror.CUT + "-", mirror.requests.get(1));

    // A complete download, and downloads of other files.
    for (byte[] left : List.of(archive, new byte[7 * Mirror.CUT], new byte[10 * archive.length])) {
      FakeSdk.write(part, "");
      Files.write(part, left);
      download("--force").run().succeeded();
      assertInstalled();
    }
  }

  @Test
  void aFileWithAnotherChecksumIsRefused() throws Exception {
    byte[] archive = publish();
    String sum = sha256(archive);
    String file = FOLDER + NAME + ".tar.gz";

    mirror.files.put(file + ".sha256", "0".repeat(64).getBytes());
    refused(download().run(), "has the SHA-256 " + sum + " and not 0000", "it was not installed");
    refused(download("--sha256", "sha256:" + "AB".repeat(32)).run(), sum + " and not abab");

    mirror.files.put(file + ".sha256", sum.getBytes());
    mirror.files.put(file, Arrays.copyOf(archive, archive.length / 2));
    refused(download().run(), "and not " + sum);

    mirror.files.put(file + ".sha256", "<html>".getBytes());
    refused(download().run(), "no SHA-256 is published", "--sha256");
    mirror.files.remove(file + ".sha256");
    refused(download().run(), "no SHA-256 is published", "--sha256");
    refused(setup("--url", "http://127.0.0.1:1").run(), "cannot reach http://127.0.0.1:1");

    mirror.files.put(file, archive);
    download("--sha256", sum.toUpperCase()).run().succeeded();
    assertInstalled();
  }

  @Test
  void httpErrorsAreReported() throws Exception {
    byte[] archive = publish();
    mirror.files.remove(FOLDER + NAME + ".tar.gz");
    refused(download().run(), NAME + ".tar.gz: there is no such file (HTTP 404)");
    refused(download("--sha256", sha256(archive)).run(), ".zip: there is no such file (HTTP 404)");
    mirror.refusal = 403;
    refused(download("--sha256", sha256(archive)).run(), "the server refuses it (HTTP 403)");
    mirror.refusal = 503;
    refused(download("--sha256", sha256(archive)).run(), "the server refuses it (HTTP 503)");
  }

  /** Not every mirror has both kinds of archive. */
  @Test
  void aZipIsDownloadedIfThereIsNoTarball() throws Exception {
    byte[] archive = Files.readAllBytes(pack("zip"));
    mirror.files.put(FOLDER + NAME + ".zip", archive);
    mirror.files.put(FOLDER + NAME + ".zip.sha256", sha256(archive).getBytes());
    download().run().succeeded();
    assertInstalled();
    Path other = folder.resolve("other");
    download("--prefix", other.toString(), "--sha256", sha256(archive)).run().succeeded();
    assertTrue(Files.exists(other.resolve("current/bin/tornado")));
  }

  /** The local server answers requests to GitHub's addresses. */
  @Test
  void theChecksumComesFromGithubsApi() throws Exception {
    FakeSdk.script(
        tools.resolve("curl"),
        "for a; do shift; case $a in https://*) a='"
            + mirror.address()
            + "'/${a#https://} ;; esac; set -- \"$@\" \"$a\"; done\n"
            + "PATH='"
            + System.getenv("PATH")
            + "'; exec curl \"$@\"");
    String api = "/api.github.com/repos/beehive-lab/TornadoVM/releases/tags/v" + FakeSdk.VERSION;
    String file = "/github.com/beehive-lab/TornadoVM/releases/download" + FOLDER + NAME + ".tar.gz";

    refused(setup().run(), "TornadoVM has no release v" + FakeSdk.VERSION);
    mirror.refusal = 403;
    refused(setup().run(), "cannot get the SDK's SHA-256", "(HTTP 403)", "--sha256", "--archive");
    mirror.refusal = 404;

    byte[] archive = Files.readAllBytes(pack("tar.gz"));
    mirror.files.put(file, archive);
    String sum = sha256(archive);
    mirror.files.put(api, release(NAME + ".tar.gz", sum, ", ").getBytes());
    setup().run().succeeded();
    assertInstalled();
    assertEquals(List.of(api + " null", file + " null"), mirror.requests.subList(2, 4));

    mirror.files.put(api, release(NAME + ".tar.gz", sum, ",\n      ").getBytes());
    setup("--force").run().succeeded();
    mirror.files.put(api, release(NAME + ".tar.gz", "0".repeat(64), ",").getBytes());
    Program.Result run = setup("--force").run();
    assertEquals(1, run.status());
    says(run, "it was not installed");
    assertInstalled();
    mirror.files.put(api, release(NAME + ".tar.gz", null, ",").getBytes());
    says(setup("--force").run(), "no SHA-256 is published");

    run = setup("--backend", "cuda").run();
    assertEquals(1, run.status());
    says(run, "is not published for linux-amd64 with cuda", "--archive");
    FakeSdk.script(tools.resolve("uname"), "case $1 in -s) echo Linux ;; -m) echo aarch64 ;; esac");
    run = setup("--force", "--backend", "opencl").run();
    says(run, "is not published for linux-aarch64 with opencl", "--archive");
  }

  /** An answer of GitHub's API, shortened; other assets and the notes have misleading digests. */
  private static String release(String asset, String sum, String comma) {
    String other =
        "{\"url\":\"https://x\",\"name\":\"x-%s\",\"label\":\"\",\"uploader\":{\"login\":\"y\"},"
            + "\"size\":1,\"digest\":\"sha256:%s\"}";
    String json =
        "{\"tag_name\":\"v1\",\"name\":\"TornadoVM\",\"assets\":["
            + other.formatted(asset, "1".repeat(64))
            + ","
            + "{\"url\":\"https://x\",\"name\":\"%s\",\"label\":null,\"uploader\":{\"login\":\"y\"},"
                .formatted(asset)
            + "\"size\":1,\"digest\":%s}".formatted(sum == null ? "null" : "\"sha256:" + sum + "\"")
            + ","
            + other.formatted(asset.replace("opencl", "ptx"), "2".repeat(64))
            + "],\"body\":\"see \\\"name\\\": \\\""
            + asset
            + "\\\", \\\"digest\\\":\\\"sha256:"
            + "3".repeat(64)
            + "\\\"\"}";
    return json.replace(",", comma).replace("\":", comma.isBlank() ? "\":" : "\": ");
  }

  @Test
  void theBackendSuitsTheMachine() throws Exception {
    FakeSdk.script(tools.resolve("nvidia-smi"), "echo 'GPU 0: NVIDIA H100 (UUID: GPU-1)'");
    FakeSdk.script(tools.resolve("ldconfig"), "echo 'libOpenCL.so (libc6,x86-64) => /lib/x.so'");
    says(download().run(), "backend ptx", FakeSdk.VERSION + "-ptx-linux-amd64");
    FakeSdk.script(tools.resolve("ldconfig"), "echo 'libnvrtc.so (libc6,x86-64) => /lib/x.so'");
    says(download().run(), "backend cuda", FakeSdk.VERSION + "-cuda-linux-amd64");
    FakeSdk.script(tools.resolve("uname"), "case $1 in -s) echo Darwin ;; -m) echo arm64 ;; esac");
    says(download().run(), "backend metal", FakeSdk.VERSION + "-metal-mac-aarch64");
    download("--backend", "ptx").run().failed(2, "no backend 'ptx' for mac-aarch64", "metal");
    FakeSdk.script(tools.resolve("uname"), "case $1 in -s) echo Linux ;; -m) echo riscv64 ;; esac");
    refused(download().run(), "Linux/riscv64");
    FakeSdk.script(
        tools.resolve("uname"), "case $1 in -s) echo MINGW64_NT ;; -m) echo x86_64 ;; esac");
    refused(download().run(), "WSL");
  }

  // -------------------------------------------------------------------------------- archives

  @ParameterizedTest
  @ValueSource(strings = {"tar.gz", "zip", "folder", "folder around it"})
  void anArchiveIsInstalledWithoutANetwork(String kind) throws Exception {
    Path archive = kind.equals("folder") ? sdk : kind.contains(" ") ? sdk.getParent() : pack(kind);
    FakeSdk.script(tools.resolve("curl"), "exit 9");
    FakeSdk.script(tools.resolve("wget"), "exit 9");
    TreeMap<String, String> source = FakeSdk.snapshot(sdk);
    // A relative path.
    String relative = folder.relativize(archive).toString();
    Program.Result run = setup("--archive", relative).run().succeeded();
    assertEquals(LINE, run.out());
    says(run, "installed TornadoVM " + FakeSdk.VERSION + " with opencl");
    assertInstalled();
    assertEquals(source, FakeSdk.snapshot(sdk));

    // TornadoVM may write files there.
    FakeSdk.write(prefix.resolve(INSTALLED + "/var/cache"), "compiled");
    TreeMap<String, String> before = FakeSdk.snapshot(home);
    run = setup("--archive=" + archive).run().succeeded();
    says(run, "is already installed");
    assertEquals(LINE, run.out());
    assertEquals(before, FakeSdk.snapshot(home));
  }

  @Test
  void withoutUnzipTheJdkUnpacksAZip() throws Exception {
    FakeSdk.script(tools.resolve("unzip"), "exit 127");
    setup("--archive", pack("zip").toString()).run().succeeded();
    assertInstalled();
  }

  @Test
  void aBrokenArchiveIsRefused() throws Exception {
    for (String kind : List.of("tar.gz", "zip")) {
      Path archive = pack(kind);
      byte[] whole = Files.readAllBytes(archive);
      Files.write(archive, Arrays.copyOf(whole, whole.length / 2));
      refused(setup("--archive", archive.toString()).run(), kind + " is broken");
      if (kind.equals("zip")) {
        FakeSdk.script(tools.resolve("unzip"), "exit 127");
        refused(setup("--archive", archive.toString()).run(), kind + " is broken");
      }
      byte[] flipped = whole.clone();
      Arrays.fill(flipped, whole.length / 2, whole.length / 2 + 500, (byte) 7);
      Files.write(archive, flipped);
      refused(setup("--archive", archive.toString()).run(), kind + " is broken");
    }
    Path text = FakeSdk.write(folder.resolve("text"), "no archive\n");
    refused(setup("--archive", text.toString()).run(), "is neither a .tar.gz nor a .zip");
    Path empty = FakeSdk.write(folder.resolve("empty"), "");
    refused(setup("--archive", empty.toString()).run(), "is neither a .tar.gz nor a .zip");
    refused(setup("--archive", "/no/such").run(), "no such file or folder");
    refused(
        setup("--archive", pack("tar.gz").toString(), "--sha256", "0".repeat(64)).run(),
        "has the SHA-256");
  }

  @Test
  void anIncompleteOrUnsuitableSdkIsRefused() throws Exception {
    Path backend = sdk.resolve("etc/tornado.backend");
    Path template = sdk.resolve("tornado-argfile.template");
    String archive = sdk.toString();
    Files.delete(template);
    refused(setup("--archive", archive).run(), "it has no tornado-argfile.template");
    FakeSdk.write(template, FakeSdk.TEMPLATE);
    FakeSdk.write(backend, "tornado.backends=../../evil-backend\n");
    refused(setup("--archive", archive).run(), "it has no backend");
    FakeSdk.write(backend, "tornado.backends=opencl-backend\n");
    refused(setup("--archive", archive, "--backend", "ptx").run(), "opencl and not with ptx");
    FakeSdk.write(sdk.resolve("etc/tornado.release"), "version=5.2.0-jdk21\n");
    refused(setup("--archive", archive).run(), "needs TornadoVM for JDK 25", "5.2.0-jdk21");
    FakeSdk.write(sdk.resolve("etc/tornado.release"), "version=../evil-jdk25\n");
    refused(setup("--archive", archive).run(), "it has no version");
    FakeSdk.write(sdk.resolve("etc/tornado.release"), "version=" + FakeSdk.VERSION + "\n");
    FakeSdk.elf(sdk.resolve("lib/libtornado-opencl.so"), 0xb7);
    refused(setup("--archive", archive).run(), "is for linux-aarch64, and this is linux-amd64");
    Files.move(sdk.resolve("lib/libtornado-opencl.so"), sdk.resolve("lib/libtornado-opencl.dylib"));
    refused(setup("--archive", archive).run(), "is for mac-aarch64, and this is linux-amd64");
    Files.delete(sdk.resolve("lib/libtornado-opencl.dylib"));
    refused(setup("--archive", archive).run(), "its platform is unknown");
    refused(setup("--archive", home.toString()).run(), "contains no TornadoVM SDK");
  }

  @Test
  void anArchiveWithPathsOutsideItselfIsRefused() throws Exception {
    Path archive = folder.resolve("evil.tar.gz");
    for (String path : List.of("../evil", "a/../../../evil", "/evil", folder + "/evil")) {
      try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(archive))) {
        out.write(tarEntry(path, (byte) '0', ""));
        out.write(new byte[1024]);
      }
      refused(setup("--archive", archive.toString()).run(), "outside the archive (" + path + ")");
      assertFalse(Files.exists(folder.resolve("evil")));

      Path zip = folder.resolve("evil.zip");
      try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(zip))) {
        out.putNextEntry(new ZipEntry(path));
      }
      refused(setup("--archive", zip.toString()).run(), "outside the archive (" + path + ")");
      assertFalse(Files.exists(folder.resolve("evil")));
    }
    for (String target : List.of("/etc", "../../..", "a/../../..")) {
      Path link = Files.createSymbolicLink(sdk.resolve("etc/link"), Path.of(target));
      refused(
          setup("--archive", pack("tar.gz").toString()).run(),
          "has a link to a path outside the archive (tornadovm-" + INSTALLED + "/etc/link)");
      Files.delete(link);
    }
    // A link, and then a file whose path goes through it.
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(archive))) {
      out.write(tarEntry("a", (byte) '2', folder.toString()));
      out.write(tarEntry("a/evil", (byte) '0', ""));
      out.write(new byte[1024]);
    }
    refused(setup("--archive", archive.toString()).run());
    assertFalse(Files.exists(folder.resolve("evil")));
    Files.createSymbolicLink(sdk.resolve("lib/libx.so"), Path.of("libtornado-opencl.so"));
    setup("--archive", pack("tar.gz").toString()).run().succeeded();
  }

  /** An empty file, or a link (type 2), in a tar archive. */
  private static byte[] tarEntry(String name, byte type, String target) {
    byte[] block = new byte[512];
    put(block, 0, name);
    put(block, 100, "0000644\0000000000\0000000000\00000000000000\00000000000000\0        ");
    block[156] = type;
    put(block, 157, target);
    put(block, 257, "ustar\00000");
    int sum = 0;
    for (byte b : block) {
      sum += b & 0xff;
    }
    put(block, 148, "%06o\0 ".formatted(sum));
    return block;
  }

  private static void put(byte[] block, int at, String text) {
    byte[] bytes = text.getBytes();
    System.arraycopy(bytes, 0, block, at, bytes.length);
  }

  @Test
  void theFolderIsNamedForTheBackends() throws Exception {
    for (String[] pair :
        new String[][] {
          {"opencl-backend,ptx-backend", "opencl-ptx"},
          {"ptx-backend, opencl-backend", "opencl-ptx"},
          {"opencl-backend,ptx-backend,spirv-backend,cuda-backend", "full"}
        }) {
      FakeSdk.write(sdk.resolve("etc/tornado.backend"), "tornado.backends=" + pair[0] + "\n");
      setup("--archive", sdk.toString(), "--backend", "ptx", "--force").run().succeeded();
      assertEquals(
          FakeSdk.VERSION + "-" + pair[1],
          Files.readSymbolicLink(prefix.resolve("current")).toString());
    }
    FakeSdk.write(sdk.resolve("etc/tornado.release"), "version=5.3.1-jdk25-dev\n");
    says(setup("--archive", sdk.toString()).run().succeeded(), "is tested on TornadoVM 5.2.0");
  }

  // --------------------------------------------------------------- replacing an installed SDK

  @Test
  void nothingIsReplacedWithoutForce() throws Exception {
    Path archive = pack("tar.gz");
    setup("--archive", archive.toString()).run().succeeded();
    Path changed =
        FakeSdk.write(
            prefix.resolve(INSTALLED + "/etc/tornado.backend"),
            "tornado.backends=opencl-backend\n# mine\n");
    TreeMap<String, String> before = FakeSdk.snapshot(home);
    for (String source : List.of(archive.toString(), sdk.toString())) {
      setup("--archive", source)
          .run()
          .failed(1, prefix.resolve(INSTALLED) + " exists already and differs; --force");
      assertEquals(before, FakeSdk.snapshot(home));
    }
    setup("--archive", archive.toString(), "--force").run().succeeded();
    assertFalse(Files.readString(changed).contains("mine"));
    assertInstalled();

    // An incomplete SDK, which this script never leaves.
    Files.delete(prefix.resolve("current"));
    Files.delete(prefix.resolve(INSTALLED + "/tornado-argfile.template"));
    publish();
    Program.Result run = download().run();
    assertEquals(1, run.status(), run::toString);
    says(run, "exists already, but has no tornado-argfile.template; --force replaces it");
    download("--force").run().succeeded();
    assertInstalled();
  }

  @Test
  void aTerminalsUserIsAskedBeforeReplacing() throws Exception {
    assumeTrue(
        Program.of("sh", "-c", "script -qec true /dev/null").run().status() == 0,
        "no script(1) of util-linux here; install it to test questions on a terminal");
    Path archive = pack("tar.gz");
    setup("--archive", archive.toString()).run().succeeded();
    Path changed =
        FakeSdk.write(
            prefix.resolve(INSTALLED + "/etc/tornado.backend"),
            "tornado.backends=opencl-backend \n");
    for (String answer : List.of("n", "", "y")) {
      Program.Result run =
          withFakes(
                  Program.of(
                      "sh",
                      "-c",
                      "exec script -qec \"'$0' --archive '$1'\" /dev/null",
                      root.resolve("setup-tornado.sh").toString(),
                      archive.toString()))
              .input(answer + "\n")
              .run();
      assertTrue(run.out().contains("replace it? [y/N]"), run::toString);
      assertEquals(answer.equals("y") ? 0 : 1, run.status(), run::toString);
      assertEquals(answer.equals("y"), !Files.readString(changed).contains(" "), run::toString);
    }
  }

  /** If the new SDK cannot be moved to its place, the old one stays. */
  @Test
  void aFailedReplacementIsUndone() throws Exception {
    Path archive = pack("tar.gz");
    setup("--archive", archive.toString()).run().succeeded();
    TreeMap<String, String> before = FakeSdk.snapshot(home);
    FakeSdk.script(
        tools.resolve("mv"),
        "case $1 in */new/*) exit 1 ;; esac; PATH='" + System.getenv("PATH") + "'; exec mv \"$@\"");
    setup("--archive", archive.toString(), "--force").run().failed(1, "cannot write to");
    assertEquals(before, FakeSdk.snapshot(home));
  }

  @Test
  void aCurrentThatIsNoLinkIsNotReplaced() throws Exception {
    FakeSdk.write(prefix.resolve("current/mine"), "mine");
    TreeMap<String, String> before = FakeSdk.snapshot(home);
    setup("--archive", sdk.toString()).run().failed(1, "current is not a symbolic link");
    assertEquals(before, FakeSdk.snapshot(home));
  }

  @Test
  void anSdkInTornadovmHomeIsUsedInPlace() throws Exception {
    TreeMap<String, String> before = FakeSdk.snapshot(sdk);
    for (String[] args : new String[][] {{}, {"--backend", "opencl"}}) {
      Program.Result run =
          download(args).environment("TORNADOVM_HOME", sdk.toString()).run().succeeded();
      says(run, "is already installed: " + sdk, "device 0:0");
      assertEquals(LINE, run.out());
      assertEquals(sdk, Files.readSymbolicLink(prefix.resolve("current")));
      assertEquals(before, FakeSdk.snapshot(sdk));
      assertEquals(
          List.of("", "bin", "bin/jdk.sh", "bin/tornado", "current"),
          List.copyOf(FakeSdk.snapshot(prefix).keySet()));
    }
    assertEquals(List.of(), mirror.requests);

    // Another version, or another backend.
    publish();
    Program ptx = download("--backend", "ptx").environment("TORNADOVM_HOME", sdk.toString());
    says(ptx.run(), "ptx-linux-amd64");
    FakeSdk.write(sdk.resolve("etc/tornado.release"), "version=5.1.0-jdk25\n");
    Program.Result run = download().environment("TORNADOVM_HOME", sdk.toString()).run();
    says(run.succeeded(), sdk + " is TornadoVM 5.1.0-jdk25 and not 5.2.0-jdk25: not used");
    assertEquals(Path.of(INSTALLED), Files.readSymbolicLink(prefix.resolve("current")));
    // A newer version is tried, although it has no compiler for the JDK's JVMCI.
    FakeSdk.write(sdk.resolve("etc/tornado.release"), "version=8.2.0\n");
    Files.move(sdk.resolve("share/java/graalJars"), sdk.resolve("share/java/unused"));
    run = download().environment("TORNADOVM_HOME", sdk.toString()).run().succeeded();
    says(run, "8.2.0 with opencl is already installed", "tested on TornadoVM 5.2.0-jdk25, not on");
    assertEquals(sdk, Files.readSymbolicLink(prefix.resolve("current")));
    run = download().environment("TORNADOVM_HOME", home.toString()).run().succeeded();
    says(run, home + " is not a TornadoVM SDK", "is already installed");
  }

  // ----------------------------------------------------------------------------- interruptions

  @ParameterizedTest
  @ValueSource(strings = {"INT", "TERM", "KILL"})
  void anInterruptedRunLeavesNothing(String signal) throws Exception {
    publish();
    mirror.stall = true;
    // Undoes the ignored Ctrl-C that a process inherits from a shell's background job.
    String option = "--default-signal=INT";
    boolean supported = Program.of("env", option, "true").run().status() == 0;
    Program program = supported ? withFakes(download().under("env", option)) : download();
    Process process = program.start();
    assertTrue(mirror.stalled.await(60, TimeUnit.SECONDS));
    assumeTrue(!signal.equals("INT") || !ignored(process.pid()), "Ctrl-C is ignored here");
    List<ProcessHandle> children = process.descendants().toList();
    // Ctrl-C signals all processes; kill signals only the first.
    if (signal.equals("INT")) {
      children.forEach(c -> kill(signal, c.pid()));
    }
    kill(signal, process.pid());
    int status = program.await(process);
    assertEquals(Map.of("INT", 130, "TERM", 143, "KILL", 137).get(signal), status);
    if (signal.equals("KILL")) {
      children.forEach(ProcessHandle::destroyForcibly);
      assertTrue(Files.exists(prefix.resolve(".setup")));
    } else {
      for (ProcessHandle child : children) {
        child.onExit().get(20, TimeUnit.SECONDS);
      }
      assertEquals(Map.of(), FakeSdk.snapshot(prefix));
    }

    mirror.stall = false;
    download().run().succeeded();
    assertInstalled();
  }

  private static void kill(String signal, long pid) {
    Program.of("sh", "-c", "kill -" + signal + " " + pid).run();
  }

  private static boolean ignored(long pid) throws IOException {
    Path status = Path.of("/proc/" + pid + "/status");
    return Files.exists(status)
        && Files.readAllLines(status).stream()
            .filter(l -> l.startsWith("SigIgn:"))
            .anyMatch(l -> (Long.parseUnsignedLong(l.split("\\s+")[1], 16) & 2) != 0);
  }

  @Test
  void onlyOneRunAtATime() throws Exception {
    Path work = Files.createDirectories(prefix.resolve(".setup"));
    FakeSdk.write(work.resolve("process"), ProcessHandle.current().pid() + "\n");
    setup("--archive", sdk.toString()).run().failed(1, "another setup-tornado.sh (process ");
    assertTrue(Files.exists(work.resolve("process")));
    for (String left : List.of("1999999999\n", "")) {
      FakeSdk.write(prefix.resolve(".setup/process"), left);
      FakeSdk.write(prefix.resolve(".setup/new/half"), "");
      setup("--archive", sdk.toString()).run().succeeded();
      assertInstalled();
    }
  }

  // -------------------------------------------------------------------------- use and misuse

  @Test
  void wrongOptionsAreReported() {
    setup("--backend", "vulkan").run().failed(2, "'vulkan'", "opencl, ptx, cuda or full");
    setup("--backend", "metal").run().failed(2, "'metal' for linux-amd64");
    setup("--backend").run().failed(2, "--backend needs a value", "--help");
    setup("--backend=").run().failed(2, "--backend needs a value");
    setup("--force=yes").run().failed(2, "--force takes no value");
    setup("--fast").run().failed(2, "unknown option --fast");
    setup("opencl").run().failed(2, "unknown option opencl");
    setup("--sha256", "abc").run().failed(2, "'abc' is not a SHA-256");
    setup("--prefix", "/tmp/a:b").run().failed(2, "colon");
    setup().environment("HOME", null).run().failed(2, "HOME is not set");
    Program.Result help = setup("--help").run().succeeded();
    for (String option :
        List.of(
            "--backend", "--archive", "--prefix", "--force", "--no-test", "--url", "--sha256")) {
      assertTrue(help.out().contains("\n  " + option), option);
    }
    help.out().lines().forEach(l -> assertTrue(l.length() <= 100, l));
    assertEquals(help.out(), setup("-h").run().succeeded().out());
  }

  @Test
  void aFolderThatCannotBeWrittenToIsRefused() throws Exception {
    Path file = FakeSdk.write(folder.resolve("file"), "");
    for (String where : List.of(file.toString(), file + "/below")) {
      setup("--prefix", where, "--archive", sdk.toString())
          .run()
          .failed(1, "cannot write to " + where, "--prefix");
    }
    assertEquals("", Files.readString(file));
  }

  @Test
  void aRelativePrefixIsInTheWorkingDirectory() throws Exception {
    setup("--prefix", "a b/c", "--archive", sdk.toString()).run().succeeded();
    assertInstalled(folder.resolve("a b/c"));
  }

  @Test
  void aLinkToTheScriptWorks() throws Exception {
    Path link = Files.createSymbolicLink(folder.resolve("link"), root.resolve("setup-tornado.sh"));
    withFakes(Program.of(link.toString(), "--archive", sdk.toString())).run().succeeded();
    assertInstalled();
  }

  // --------------------------------------------------------------------------------- devices

  @Test
  void aFailedKernelTestIsAFailure() throws Exception {
    gpt("echo --test", "echo 'device 0:0 is wrong'; exit 1");
    Program.Result run = setup("--archive", sdk.toString()).run();
    assertEquals(1, run.status(), run::toString);
    assertEquals(LINE, run.out());
    says(run, "device 0:0 is wrong", "a kernel test failed", "scripts/gpt devices --test");
    run = setup("--no-test").run().succeeded();
    assertFalse(run.err().contains("kernel"), run::toString);

    gpt("echo no such command", "exit 2");
    says(setup().run().succeeded(), "the devices were not tested", "has no devices --test");
    gpt("echo 'gpt: the build failed' >&2; exit 1", "exit 1");
    says(setup().run().succeeded(), "the devices were not tested", "(gpt: the build failed)");
    Files.delete(root.resolve("scripts/gpt"));
    says(setup().run().succeeded(), "the devices were not tested", "no scripts/gpt");
  }

  @Test
  void withoutADeviceItSaysWhatToInstall() throws Exception {
    FakeSdk.write(jdk.resolve("bin/devices"), "\nNumber of Tornado drivers: 1\n");
    FakeSdk.script(tools.resolve("ldd"), "printf '\\tlibOpenCL.so.1 => not found\\n'");
    Program.Result run = setup("--archive", sdk.toString()).run();
    assertEquals(1, run.status(), run::toString);
    assertEquals(LINE, run.out());
    says(run, "OpenCL is not installed (libOpenCL.so.1): ", "TornadoVM finds no device");
    setup("--no-test").run().succeeded();

    FakeSdk.script(
        tools.resolve("ldd"),
        "echo \"/lib/libstdc++.so.6: version \\`GLIBCXX_3.4.32' not found (required by $1)\"");
    says(setup().run(), "needs newer libraries than this system's (GLIBCXX_3.4.32)");

    FakeSdk.script(tools.resolve("ldd"), "exit 0");
    FakeSdk.script(
        tools.resolve("find"),
        "case $1 in /etc/*) exit 1 ;; esac; PATH='"
            + System.getenv("PATH")
            + "'; exec find \"$@\"");
    run = setup().environment("OCL_ICD_VENDORS", null).run();
    says(run, "there is no OpenCL device", "pocl");

    FakeSdk.script(
        jdk.resolve("bin/java"),
        "printf 'Exception in thread main\\n"
            + "Caused by: java.lang.UnsatisfiedLinkError: x\\n"
            + "'; exit 1");
    says(setup().run(), "TornadoVM does not start: Caused by: java.lang.UnsatisfiedLinkError");

    FakeSdk.elf(sdk.resolve("lib/libtornado-cuda.so"), 0x3e);
    FakeSdk.write(sdk.resolve("etc/tornado.backend"), "tornado.backends=cuda-backend\n");
    FakeSdk.script(
        tools.resolve("ldd"),
        "printf '\\tlibcuda.so.1 => not found\\n\\tlibnvrtc.so.13 => not found\\n'");
    run = setup("--archive", sdk.toString()).run();
    says(run, "NVIDIA driver is not installed (libcuda.so.1)", "CUDA toolkit (libnvrtc.so.13)");
  }

  @Test
  void theRealSdk() throws Exception {
    Optional<Path> real = FakeSdk.real();
    if (real.isEmpty()) {
      System.err.println("SetupTornadoIT: " + FakeSdk.NO_REAL_SDK);
    }
    assumeTrue(real.isPresent(), FakeSdk.NO_REAL_SDK);
    Path at = folder.resolve("a prefix");
    Program.Result run =
        Program.of(
                Program.ROOT.resolve("setup-tornado.sh").toString(),
                "--archive",
                real.get().toRealPath().toString(),
                "--prefix",
                at.toString(),
                "--no-test")
            .environment("TORNADOVM_HOME", null)
            .run()
            .succeeded();
    says(run, "device 0:0: ");
    Program.Result text =
        Program.of(
                "sh",
                "-c",
                run.out() + "exec tornado -jar target/gpt.jar --prompt \"ROMEO:\" -n 20")
            .run()
            .succeeded();
    assertTrue(text.out().startsWith("ROMEO:"), text::toString);
  }

  /** A file server that can break connections, refuse requests and stall. */
  private static final class Mirror {
    static final int CUT = 10_000;

    final Map<String, byte[]> files = new ConcurrentHashMap<>();
    final List<String> requests = new CopyOnWriteArrayList<>();
    final AtomicInteger cuts = new AtomicInteger();
    final CountDownLatch stalled = new CountDownLatch(1);
    volatile boolean ranges = true;
    volatile boolean stall;
    volatile int refusal = 404;
    private final HttpServer server;

    Mirror() throws IOException {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
      server.createContext("/", this::answer);
      server.start();
    }

    String address() {
      return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    void close() {
      server.stop(0);
    }

    private void answer(HttpExchange exchange) throws IOException {
      try (exchange) {
        String path = exchange.getRequestURI().getPath();
        String range = exchange.getRequestHeaders().getFirst("Range");
        requests.add(path + " " + range);
        byte[] file = files.get(path);
        if (file == null) {
          exchange.sendResponseHeaders(refusal, -1);
          return;
        }
        int from = 0;
        if (range != null && ranges) {
          from = Integer.parseInt(range.replaceAll("bytes=(\\d+)-", "$1"));
          if (from >= file.length) {
            exchange.getResponseHeaders().set("Content-Range", "bytes */" + file.length);
            exchange.sendResponseHeaders(416, -1);
            return;
          }
          exchange
              .getResponseHeaders()
              .set("Content-Range", "bytes %d-%d/%d".formatted(from, file.length - 1, file.length));
        }
        exchange.sendResponseHeaders(from > 0 ? 206 : 200, file.length - from);
        OutputStream out = exchange.getResponseBody();
        boolean small = file.length < CUT;
        if (stall && !small) {
          out.write(file, from, CUT);
          out.flush();
          stalled.countDown();
          try {
            Thread.sleep(60_000);
          } catch (InterruptedException e) {
            return;
          }
        }
        if (!small && cuts.getAndDecrement() > 0) {
          out.write(file, from, CUT);
          out.flush();
          return;
        }
        out.write(file, from, file.length - from);
        out.close();
      }
    }
  }
}
