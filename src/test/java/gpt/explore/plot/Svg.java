package gpt.explore.plot;

import java.io.ByteArrayInputStream;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Document;
import org.w3c.dom.NodeList;

/** Parses SVG as XML, and fails where it is not well-formed. */
final class Svg {
  private Svg() {}

  static Document parse(byte[] svg) throws Exception {
    DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
    factory.setNamespaceAware(true);
    factory.setFeature("http://apache.org/xml/features/nonvalidating/load-external-dtd", false);
    DocumentBuilder builder = factory.newDocumentBuilder();
    builder.setErrorHandler(null); // no output beside the exception
    return builder.parse(new ByteArrayInputStream(svg));
  }

  /** Returns the text of each element with that name. */
  static List<String> texts(Document document, String element) {
    NodeList nodes = document.getElementsByTagNameNS("http://www.w3.org/2000/svg", element);
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < nodes.getLength(); i++) {
      texts.add(nodes.item(i).getTextContent());
    }
    return texts;
  }
}
