package gpt.server.http;

import gpt.server.api.ServedModel;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** Tests of one server of the demo model. */
abstract class DemoServerTest {
  static ServedModel model;
  static TestServer server;

  @BeforeAll
  static void open() {
    model = TestServer.demo(TestServer.METRICS);
    server = new TestServer(model, TestServer.settings(64, null));
  }

  @AfterAll
  static void close() {
    server.close();
    model.close();
  }
}
