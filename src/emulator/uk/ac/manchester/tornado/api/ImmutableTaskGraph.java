package uk.ac.manchester.tornado.api;

import uk.ac.manchester.tornado.api.emulator.Graph;

/** A task graph that is ready for a plan. */
public class ImmutableTaskGraph {
  final Graph graph;

  ImmutableTaskGraph(Graph graph) {
    this.graph = graph;
  }
}
